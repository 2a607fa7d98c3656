import os

import pytest

from mmdet_plus.cli import output_paths
from mmdet_plus.cli.output_paths import check_file, check_folder
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
