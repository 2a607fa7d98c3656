import sys
from types import SimpleNamespace

import pytest

from mmdet_plus.cli.closing import closing_lines, train_and_tell


def runner_with(info, filename='configs/a.py'):
    return SimpleNamespace(
        message_hub=SimpleNamespace(runtime_info=info),
        cfg=SimpleNamespace(filename=filename),
        work_dir='work',
        train=lambda: None,
    )


@pytest.mark.parametrize('best', [None, 'work/best.pth'])
def test_checkpoints_and_the_next_command_are_named(
    capsys, monkeypatch, tmp_path, best
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / 'work').mkdir()
    for name in ('epoch_2.pth', 'best.pth'):
        (tmp_path / 'work' / name).touch()
    monkeypatch.setattr(sys, 'argv', ['tools/train.py'])
    info = dict(last_ckpt='work/epoch_2.pth', best_ckpt=best)
    train_and_tell(runner_with(info))
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == 'last checkpoint: work/epoch_2.pth'
    assert ('best checkpoint: work/best.pth' in lines) == (best is not None)
    chosen = best or 'work/epoch_2.pth'
    assert lines[-1] == f'next: python tools/test.py work/a.py {chosen}'


def test_nothing_is_said_of_nothing(tmp_path):
    assert closing_lines(runner_with({})) == []
    path = tmp_path / 'a.pth'
    assert closing_lines(runner_with(dict(last_ckpt=str(path)), None)) == []
    path.touch()
    assert len(closing_lines(runner_with(dict(last_ckpt=str(path)), None))) == 1
