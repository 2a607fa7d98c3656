import os

import pytest

from mmdet_plus.cli import output_paths
from mmdet_plus.cli.output_paths import (
    check_file,
    check_folder,
    check_not_source,
    check_picture,
)
from mmdet_plus.errors import UserError


def test_folders_that_are_there_or_can_be_made(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for path in (tmp_path, tmp_path / 'a/b', 'a', '.'):
        check_folder(path, '--out')
    check_file('a/b.pkl', '--out')
    assert not list(tmp_path.iterdir())


def test_files_in_the_way(tmp_path):
    (tmp_path / 'f').write_text('')
    with pytest.raises(UserError, match=r'--out .*/f is a file$'):
        check_folder(tmp_path / 'f', '--out')
    with pytest.raises(UserError, match=r'--out .*/f/a/b cannot be made, as .*/f is a'):
        check_folder(tmp_path / 'f/a/b', '--out')
    with pytest.raises(UserError, match='is a folder; name a file'):
        check_file(tmp_path, '--out')
    with pytest.raises(UserError, match=r'--out .*a\.pkl: folder .*/f is a file'):
        check_file(tmp_path / 'f/a.pkl', '--out')
    with pytest.raises(UserError, match='cannot be used: File name too long'):
        check_folder(tmp_path / ('x' * 300), '--out')


def test_folders_that_may_not_be_written_to(tmp_path, monkeypatch):
    # A test may run as a user who may write everywhere.
    def access(path, mode):
        return path != tmp_path and mode == os.W_OK | os.X_OK

    monkeypatch.setattr(output_paths.os, 'access', access)
    with pytest.raises(UserError, match='nothing may be written into'):
        check_folder(tmp_path / 'a', '--out')


def test_names_that_are_too_long_only_while_they_are_written(tmp_path):
    name = 'x' * 250
    with pytest.raises(UserError, match='cannot be used: File name too long'):
        check_file(tmp_path / f'{name}.pth', '--out')


@pytest.mark.parametrize('name', ['a.txt', 'a', 'a.doc'])
def test_pictures_end_as_pictures_do(tmp_path, name):
    check_picture(tmp_path / 'a.PNG', '--out')
    with pytest.raises(UserError, match=rf'--out .*{name} must end as pictures do'):
        check_picture(tmp_path / name, '--out')


def test_what_is_read_is_not_replaced(tmp_path):
    source = tmp_path / 'a.pth'
    source.touch()
    check_not_source(tmp_path / 'b.pth', source)
    (tmp_path / 'link').symlink_to(source)
    with pytest.raises(UserError, match='link is the file to read'):
        check_not_source(tmp_path / 'link', source)
