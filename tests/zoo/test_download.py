"""Downloads from a real server that fails in every way a server can."""

import hashlib
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from mmdet_plus.zoo import ZooEntry, ZooError, download, fetch
from mmdet_plus.zoo.index import ZooFile

CONTENT = bytes(range(256)) * 4000
SHA256 = hashlib.sha256(CONTENT).hexdigest()
HALF = len(CONTENT) // 2
BREAK_ONCE = ('breaks-once', 'no-range')


class Handler(BaseHTTPRequestHandler):
    """``/good``, ``/breaks`` and so on; the server notes every request."""

    def do_GET(self):
        start = self.headers.get('Range')
        self.server.requests.append((self.path, start))
        kind = self.path.strip('/').removesuffix('.pth')
        first_time = [path for path, _ in self.server.requests].count(self.path) == 1
        busy = kind in ('503-once', '429-once') and first_time
        if kind in ('404', '503') or busy:
            self.send_error(int(kind[:3]))
            return
        if kind == 'no-resume' and start:
            self.send_error(416)
            return
        first = int(start[6:-1]) if start and kind != 'no-range' else 0
        body = b'\0' * len(CONTENT) if kind == 'wrong' else CONTENT
        if kind == 'endless':
            body = CONTENT * 200
        self.send_response(206 if first else 200)
        self.send_header('Content-Length', str(len(body) - first))
        self.end_headers()
        ends = (
            HALF if kind == 'breaks' or (kind != 'good' and self._is_first()) else None
        )
        whole = kind in ('wrong', 'endless')
        with suppress(ConnectionError):
            self.wfile.write(body if whole else body[first:ends])

    def _is_first(self):
        return [path for path, _ in self.server.requests].count(self.path) == 1

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setattr(download, 'PAUSE', 0.01)
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.requests = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def entry(server):
    def make(*kinds):
        address = f'http://127.0.0.1:{server.server_port}'
        urls = tuple(k if ':' in k else f'{address}/{k}.pth' for k in kinds)
        file = ZooFile(urls, SHA256, len(CONTENT), 'Apache-2.0', 'us', 'shapes')
        return ZooEntry('net', Path('net.py'), [], file)

    return make


def names(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith('.lock'))


def test_name_and_bytes(entry, tmp_path, server):
    path = fetch(entry('good'), tmp_path)
    assert path == tmp_path / f'net-{SHA256[:8]}.pth'
    assert path.read_bytes() == CONTENT
    assert list(tmp_path.iterdir()) == [path]  # and no lock
    assert fetch(entry('good'), tmp_path) == path
    assert len(server.requests) == 1  # the second time it is there


def test_a_broken_download_goes_on_where_it_ended(entry, tmp_path, server):
    assert fetch(entry('breaks-once'), tmp_path).read_bytes() == CONTENT
    assert [start for _, start in server.requests] == [None, f'bytes={HALF}-']


def test_what_an_earlier_run_left_is_used(entry, tmp_path, server):
    part = tmp_path / f'net-{SHA256[:8]}.pth.part'
    part.write_bytes(CONTENT[:1000])
    assert fetch(entry('good'), tmp_path).read_bytes() == CONTENT
    assert server.requests[0][1] == 'bytes=1000-'


def test_wrong_bytes_of_an_earlier_run_cost_a_second_download(entry, tmp_path, server):
    part = tmp_path / f'net-{SHA256[:8]}.pth.part'
    part.write_bytes(b'x' * 1000)
    assert fetch(entry('good'), tmp_path).read_bytes() == CONTENT
    assert [start for _, start in server.requests] == ['bytes=1000-', None]


@pytest.mark.parametrize('left', [len(CONTENT), len(CONTENT) + 5])
def test_a_part_that_is_too_long_starts_anew(entry, tmp_path, left):
    (tmp_path / f'net-{SHA256[:8]}.pth.part').write_bytes(b'x' * left)
    assert fetch(entry('good'), tmp_path).read_bytes() == CONTENT


def test_servers_without_ranges_start_anew(entry, tmp_path, server):
    assert fetch(entry('no-range'), tmp_path).read_bytes() == CONTENT
    assert [start for _, start in server.requests] == [None, f'bytes={HALF}-']


def test_mirrors_are_tried_in_order(entry, tmp_path, server):
    path = fetch(entry('404', 'wrong', 'good', 'never'), tmp_path)
    assert path.read_bytes() == CONTENT
    assert [p for p, _ in server.requests] == ['/404.pth', '/wrong.pth', '/good.pth']


def test_a_busy_server_is_asked_again(entry, tmp_path, server):
    for kind in ('503-once', '429-once'):
        folder = tmp_path / kind
        assert fetch(entry(kind), folder).read_bytes() == CONTENT
    with pytest.raises(ZooError, match='503'):
        fetch(entry('503'), tmp_path / 'other')
    assert [p for p, _ in server.requests].count('/503.pth') == 3


def test_wrong_bytes_never_stay(entry, tmp_path):
    with pytest.raises(ZooError, match='not the expected SHA256'):
        fetch(entry('wrong'), tmp_path)
    assert names(tmp_path) == []


def test_a_file_that_does_not_end_is_not_read_to_its_end(entry, tmp_path, monkeypatch):
    seen = []
    is_right = download._is_right

    def remember(path, file):
        seen.append(path.stat().st_size if path.is_file() else 0)
        return is_right(path, file)

    monkeypatch.setattr(download, '_is_right', remember)
    with pytest.raises(ZooError, match='not the expected SHA256'):
        fetch(entry('endless'), tmp_path)
    assert max(seen) == len(CONTENT) + 1
    assert names(tmp_path) == []


def test_what_is_there_needs_no_right_to_write(entry, tmp_path, monkeypatch):
    path = fetch(entry('good'), tmp_path)

    def no_lock(path):
        raise PermissionError(path)

    monkeypatch.setattr(download, 'FileLock', no_lock)
    assert fetch(entry('good'), tmp_path) == path


def test_a_file_with_wrong_bytes_is_replaced(entry, tmp_path):
    path = tmp_path / f'net-{SHA256[:8]}.pth'
    path.write_bytes(b'damaged')
    assert fetch(entry('good'), tmp_path).read_bytes() == CONTENT


def test_failures_name_every_mirror_and_the_place_for_the_file(entry, tmp_path):
    with pytest.raises(ZooError) as caught:
        fetch(entry('404', 'breaks', 'file:///nowhere/net.pth'), tmp_path)
    message = str(caught.value)
    for part in ('404.pth: HTTP Error 404', 'breaks.pth: ', 'nowhere/net.pth: '):
        assert part in message
    assert f'put the file here: {tmp_path}/net-{SHA256[:8]}.pth' in message
    # What came is kept for the next time.
    assert names(tmp_path) == [f'net-{SHA256[:8]}.pth.part']


def test_a_folder_that_is_a_file_is_named(entry, tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(ZooError, match=r'file cannot be a folder for weights'):
        fetch(entry('good'), tmp_path / 'file')


def test_many_at_once_download_once(entry, tmp_path, server):
    with ThreadPoolExecutor(8) as pool:
        paths = list(pool.map(lambda _: fetch(entry('good'), tmp_path), range(8)))
    assert set(paths) == {tmp_path / f'net-{SHA256[:8]}.pth'}
    assert len(server.requests) == 1


def test_files_and_the_cache(entry, tmp_path, monkeypatch):
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'home'))
    source = tmp_path / 'somewhere.pth'
    source.write_bytes(CONTENT)
    path = fetch(entry(source.as_uri()))
    assert path.parent == tmp_path / 'home' / 'mmdet_plus'
    assert path.read_bytes() == CONTENT


def test_files_of_the_package_are_used_where_they_are(entry, tmp_path, monkeypatch):
    monkeypatch.setattr(download, 'PACKAGE', tmp_path / 'package')
    monkeypatch.setenv('MMENGINE_HOME', str(tmp_path / 'home'))
    shipped = tmp_path / 'package' / 'weights' / 'net.pth'
    shipped.parent.mkdir(parents=True)
    shipped.write_bytes(CONTENT)
    assert fetch(entry('package:weights/net.pth')) == shipped
    copy = fetch(entry('package:weights/net.pth'), tmp_path / 'dest')
    assert copy.read_bytes() == CONTENT
    shipped.write_bytes(b'damaged')
    with pytest.raises(ZooError, match='not the expected SHA256'):
        fetch(entry('package:weights/net.pth'))


def test_google_drive_asks_for_its_library(entry, tmp_path, monkeypatch):
    monkeypatch.setitem(__import__('sys').modules, 'gdown', None)
    with pytest.raises(ZooError, match=r"pip install 'mmdet_plus\[zoo\]'"):
        fetch(entry('https://drive.google.com/file/d/abc/view'), tmp_path)


def test_google_drive_that_refuses_leaves_it_to_the_next_mirror(
    entry, tmp_path, monkeypatch
):
    asked = []

    def refuse(output, **kwargs):
        asked.append((kwargs['id'], Path(output).exists()))
        raise RuntimeError('too many users have viewed it')

    gdown = SimpleNamespace(download=refuse)
    monkeypatch.setitem(__import__('sys').modules, 'gdown', gdown)
    (tmp_path / f'net-{SHA256[:8]}.pth.part').write_bytes(CONTENT[:1000])
    url = 'https://drive.google.com/file/d/abc/view'
    assert fetch(entry(url, 'good'), tmp_path).read_bytes() == CONTENT
    assert asked == [('abc', False)]
    with pytest.raises(ZooError, match='abc/view: gdown: too many users'):
        fetch(entry(url), tmp_path / 'other')


def test_models_without_weights():
    with pytest.raises(ZooError, match='no weights of net are published'):
        fetch(ZooEntry('net', Path('net.py'), [], None))


def test_links_in_place_of_a_part_are_not_followed(entry, tmp_path):
    other = tmp_path / 'other'
    other.write_bytes(b'mine')
    (tmp_path / f'net-{SHA256[:8]}.pth.part').symlink_to(other)
    assert fetch(entry('good'), tmp_path).read_bytes() == CONTENT
    assert other.read_bytes() == b'mine'


def test_a_folder_under_the_name_is_a_zoo_error(entry, tmp_path):
    (tmp_path / f'net-{SHA256[:8]}.pth').mkdir()
    with pytest.raises(ZooError, match='must be a file, but is a folder'):
        fetch(entry('good'), tmp_path)


def test_folders_that_cannot_be_written_to_are_a_zoo_error(
    entry, tmp_path, monkeypatch
):
    def refuse(path):
        raise OSError(30, 'Read-only file system', path)

    monkeypatch.setattr('mmdet_plus.zoo.download.FileLock', refuse)
    with pytest.raises(ZooError, match=r'cannot be written to: .*MMENGINE_HOME'):
        fetch(entry('good'), tmp_path)


def test_a_download_that_takes_for_ever_ends(entry, tmp_path, monkeypatch):
    monkeypatch.setattr('mmdet_plus.zoo.download.MAX_TIME', -1)
    monkeypatch.setattr('mmdet_plus.zoo.download.ATTEMPTS', 1)
    with pytest.raises(ZooError, match='took more than -1 seconds'):
        fetch(entry('good'), tmp_path)


def test_a_server_that_refuses_to_resume_is_asked_for_all(entry, tmp_path):
    (tmp_path / f'net-{SHA256[:8]}.pth.part').write_bytes(CONTENT[:1000])
    assert fetch(entry('no-resume'), tmp_path).read_bytes() == CONTENT


def test_a_lock_that_cannot_be_removed_does_no_harm(entry, tmp_path, monkeypatch):
    states = []

    class Lock(download.FileLock):
        def release(self, force=False):
            super().release(force)
            states.append(Path(self.lock_file).exists())

    def unlink(path, missing_ok=False):
        raise PermissionError(path)

    monkeypatch.setattr(download, 'FileLock', Lock)
    monkeypatch.setattr(Path, 'unlink', unlink)
    path = fetch(entry('good'), tmp_path)
    assert path.read_bytes() == CONTENT
    assert True in states  # removed after the release only
