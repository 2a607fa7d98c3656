import os
from pathlib import Path

import pytest

from mmdet_plus.whole_files import (
    folder_written_whole,
    remove_parts,
    written_whole,
)


def test_a_file_is_replaced_at_the_end(tmp_path):
    path = tmp_path / 'a.json'
    path.write_text('old')
    with written_whole(path) as part:
        part.write_text('new')
        assert path.read_text() == 'old'
        assert part.suffix == '.json'
    assert path.read_text() == 'new'
    assert os.listdir(tmp_path) == ['a.json']


def write_half(path, error):
    with written_whole(path) as part:
        part.write_text('half')
        raise error


@pytest.mark.parametrize('error', [KeyboardInterrupt, ValueError, OSError(28, 'full')])
def test_what_was_there_stays_where_writing_fails(tmp_path, error):
    path = tmp_path / 'a.json'
    path.write_text('old')
    kind = OSError if isinstance(error, OSError) else error
    with pytest.raises(kind) as caught:
        write_half(path, error)
    assert path.read_text() == 'old'
    assert os.listdir(tmp_path) == ['a.json']
    if kind is OSError:
        assert str(path) in str(caught.value)


def fill_the_disk(path):
    with written_whole(path) as part:
        part.symlink_to('/dev/full')
        part.write_bytes(b'x' * 9999)


def test_a_full_disk_names_the_file(tmp_path):
    with pytest.raises(OSError, match=r"No space left on device: '.*a\.bin'"):
        fill_the_disk(tmp_path / 'a.bin')
    assert os.listdir(tmp_path) == []


def test_remains_of_killed_processes_are_removed(tmp_path):
    for name in ('epoch_1.pth', 'epoch_2.77.part.pth', 'other.part.txt'):
        (tmp_path / name).write_text('x')
    remove_parts(tmp_path, 'epoch_*')
    assert sorted(os.listdir(tmp_path)) == ['epoch_1.pth', 'other.part.txt']


def fill(path, error=None):
    with folder_written_whole(path) as part:
        (part / 'images').mkdir()
        (part / 'images' / '0.png').write_text('new')
        if error:
            raise error
        (part / 'all.json').write_text('new')


FILLED = {'images', 'all.json'}


@pytest.mark.parametrize('before', ['absent', 'empty', 'full'])
def test_a_folder_appears_when_all_of_it_is_written(tmp_path, before):
    path = tmp_path / 'new' / 'a.b'
    if before != 'absent':
        path.mkdir(parents=True)
    if before == 'full':
        (path / 'old.txt').write_text('old')
    with pytest.raises(KeyboardInterrupt):
        fill(path, KeyboardInterrupt)
    assert path.exists() == (before != 'absent')
    assert os.listdir(path.parent) == ['a.b'] * path.exists()
    assert [*path.glob('*')] == [path / 'old.txt'] * (before == 'full')
    fill(path)
    assert set(os.listdir(path)) == FILLED
    assert os.listdir(path.parent) == ['a.b']


def test_the_working_folder_stays_the_same_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    before = os.stat('.').st_ino
    fill('.')
    assert set(os.listdir('.')) == FILLED
    assert os.stat(tmp_path).st_ino == before


def test_where_no_folder_can_be_put_nothing_is_begun(tmp_path):
    (tmp_path / 'file').write_text('')
    with pytest.raises(OSError, match='file is not a folder'):
        fill(tmp_path / 'file')
    assert os.listdir(tmp_path) == ['file']


def test_the_root_of_a_disk_is_refused(tmp_path, monkeypatch):
    disk = tmp_path / 'disk'
    disk.mkdir()
    real = Path.stat

    def stat(path, **kwargs):
        found = [*real(path, **kwargs)]
        found[2] += path == disk  # the device
        return os.stat_result(found)

    monkeypatch.setattr(Path, 'stat', stat)
    with pytest.raises(OSError, match='disk is the root of a disk'):
        fill(disk)
    assert os.listdir(tmp_path) == ['disk']


def test_a_folder_that_cannot_be_put_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / 'a'
    path.mkdir()
    (path / 'old.txt').write_text('old')
    real = Path.rename

    def rename(source, target):
        if '.old.' not in f'{source}{target}':
            raise OSError('no')
        return real(source, target)

    monkeypatch.setattr(Path, 'rename', rename)
    with pytest.raises(OSError, match='no'):
        fill(path)
    assert os.listdir(tmp_path) == ['a']
    assert os.listdir(path) == ['old.txt']


def test_what_a_killed_process_of_this_number_left_is_removed(tmp_path):
    left = tmp_path / f'a.{os.getpid()}.part'
    left.mkdir()
    (left / 'half.txt').write_text('half')
    fill(tmp_path / 'a')
    assert set(os.listdir(tmp_path / 'a')) == FILLED
    assert os.listdir(tmp_path) == ['a']
