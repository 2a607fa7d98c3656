from contextlib import suppress

import pytest

from mmdet_plus.cli.unbegun_runs import taken_back
from mmdet_plus.errors import UserError


def write_run(folder):
    (folder / 'time').mkdir(parents=True)
    (folder / 'time' / 'run.log').write_text('log')
    (folder / 'config.py').write_text('new = 1')


def fail(folder, error, *, has_begun=False):
    with suppress(UserError, RuntimeError), taken_back([folder], lambda: has_begun):
        write_run(folder)
        raise error


def test_a_new_folder_goes_with_those_made_for_it(tmp_path):
    fail(tmp_path / 'runs' / 'a', UserError('x'))
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_before_stays(tmp_path):
    (tmp_path / 'old').mkdir()
    (tmp_path / 'config.py').write_text('old = 1')
    (tmp_path / 'epoch_1.pth').write_bytes(b'weights')
    fail(tmp_path, UserError('x'))
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ['config.py', 'epoch_1.pth', 'old']
    assert (tmp_path / 'config.py').read_text() == 'old = 1'


@pytest.mark.parametrize(
    ('error', 'has_begun'), [(UserError('x'), True), (RuntimeError('x'), False)]
)
def test_a_run_that_began_and_a_failure_of_ours_are_kept(tmp_path, error, has_begun):
    fail(tmp_path / 'a', error, has_begun=has_begun)
    assert (tmp_path / 'a' / 'time' / 'run.log').is_file()


def test_the_error_is_raised_on_and_no_folder_is_needed(tmp_path):
    with pytest.raises(UserError, match='why'), taken_back([tmp_path / 'a'], bool):
        raise UserError('why')
