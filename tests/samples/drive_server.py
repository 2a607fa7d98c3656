"""A local server that answers as Google Drive does."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import requests

CONFIRM = """\
<!DOCTYPE html><html><body><form id="download-form"
 action="https://drive.usercontent.google.com/download" method="get">
<input type="hidden" name="id" value="{id}"><input type="hidden" name="confirm"
 value="t"></form></body></html>""".replace('\n', ' ')
LISTED = '<a href="https://drive.google.com/file/d/{}/view">{}</a>'
QUOTA = """\
<!DOCTYPE html><html><body>
<p class="uc-error-subcaption">Too many users have viewed this file recently.</p>
</body></html>"""


class Handler(BaseHTTPRequestHandler):
    """``files`` by id; those of the ids ``quota`` and ``breaks`` are hard to get.

    A file that is a dictionary, of names by id, is a folder.
    """

    def do_GET(self):
        # The first part of the path is the server that was asked.
        url = urlsplit(self.path)
        host = url.path.split('/')[1]
        file_id = parse_qs(url.query)['id'][0]
        self.server.requests.append((host, file_id, self.headers.get('Range')))
        if file_id == 'gone':
            self.send_error(404)
        elif file_id == 'quota':
            self._send_page(QUOTA)
        elif url.path.endswith('embeddedfolderview'):
            self._send_folder(self.server.files[file_id])
        elif host == 'drive.google.com':
            self._send_page(CONFIRM.format(id=file_id))
        else:
            self._send_file(file_id, self.server.files[file_id])

    def _send_page(self, text):
        self.send_response(200)
        self.send_header('Content-Type', 'text/html; charset=utf-8')
        self.end_headers()
        self.wfile.write(text.encode())

    def _send_folder(self, names):
        links = ''.join(LISTED.format(*item) for item in names.items())
        self._send_page(f'<html><head><title>all</title></head>{links}</html>')

    def _send_file(self, file_id, content):
        start = self.headers.get('Range')
        first = int(start[6:].rstrip('-')) if start else 0
        breaks = file_id == 'breaks' and not first
        self.send_response(206 if first else 200)
        self.send_header('Content-Type', 'application/octet-stream')
        self.send_header('Content-Disposition', 'attachment; filename="a.pth"')
        self.send_header('Content-Length', str(len(content) - first))
        if first:
            last = f'{first}-{len(content) - 1}/{len(content)}'
            self.send_header('Content-Range', f'bytes {last}')
        self.end_headers()
        with suppress(ConnectionError):
            self.wfile.write(content[first : len(content) // 2 if breaks else None])

    def log_message(self, *args):
        pass


@contextmanager
def drive_server(
    monkeypatch, files: dict[str, bytes | dict[str, str]]
) -> Iterator[ThreadingHTTPServer]:
    """The server with files by id, asked for whatever ``requests`` wants of Google."""
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    server.files, server.requests = files, []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    send = requests.adapters.HTTPAdapter.send

    def send_here(self, request, **kwargs):
        url = urlsplit(request.url)
        assert url.netloc.endswith('google.com'), request.url
        address = f'http://127.0.0.1:{server.server_port}'
        request.url = f'{address}/{url.netloc}{url.path}?{url.query}'
        return send(self, request, **kwargs)

    monkeypatch.setattr(requests.adapters.HTTPAdapter, 'send', send_here)
    yield server
    server.shutdown()
    server.server_close()
