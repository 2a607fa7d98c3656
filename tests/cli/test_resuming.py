import os

import pytest
import torch
from mmengine.config import Config

from mmdet_plus.cli.resuming import (
    check_resumable,
    newest_first,
    refuse_second_training,
    resume_newest,
)
from mmdet_plus.errors import UserError


@pytest.fixture
def cfg(tmp_path):
    return Config(dict(work_dir=str(tmp_path), load_from='start.pth', train_cfg={}))


def save(path, epoch=1, iteration=5, **changes):
    meta = dict(epoch=epoch, iter=iteration)
    states = dict(message_hub={}, optimizer={})
    torch.save({**dict(state_dict={}, meta=meta), **states, **changes}, path)
    return path


def test_the_newest_whole_checkpoint_is_taken(cfg, tmp_path):
    for epoch in (2, 9, 10):
        save(tmp_path / f'epoch_{epoch}.pth')
    (tmp_path / 'last_checkpoint').write_text(str(tmp_path / 'epoch_9.pth'))
    assert resume_newest(cfg) == [f'resuming from {tmp_path}/epoch_10.pth']
    assert (cfg.resume, cfg.load_from) == (True, f'{tmp_path}/epoch_10.pth')


@pytest.mark.parametrize('pointer', [None, '', 'epoch_3.pth', '/absent/half_a'])
@pytest.mark.parametrize('size', [0, 100, -1])
def test_a_broken_one_is_passed_over(cfg, tmp_path, pointer, size):
    whole = save(tmp_path / 'epoch_2.pth').read_bytes()
    (tmp_path / 'epoch_3.pth').write_bytes(whole[:size])
    if pointer is not None:
        (tmp_path / 'last_checkpoint').write_text(pointer)
    lines = resume_newest(cfg)
    assert cfg.load_from == str(tmp_path / 'epoch_2.pth')
    assert any('epoch_3.pth is not a checkpoint, or only a part' in li for li in lines)
    assert lines[-1] == f'resuming from {tmp_path}/epoch_2.pth'


def test_nothing_to_resume_keeps_load_from(cfg, tmp_path):
    lines = resume_newest(cfg)
    assert lines == [
        f'{tmp_path} holds no checkpoint to resume from: training starts from the '
        'weights of start.pth'
    ]
    assert (cfg.resume, cfg.load_from) == (False, 'start.pth')
    cfg.load_from = None
    assert resume_newest(cfg)[0].endswith('training starts anew')


def test_only_broken_ones_are_an_error(cfg, tmp_path):
    (tmp_path / 'epoch_1.pth').write_bytes(b'PK\x03\x04')
    with pytest.raises(UserError, match=r'no checkpoint in .* is whole'):
        resume_newest(cfg)


def test_iterations_and_own_names(tmp_path):
    for name in ('iter_200.pth', 'iter_1000.pth', 'epoch_3.pth', 'best_x_epoch_9.pth'):
        save(tmp_path / name)
    pointer = tmp_path / 'last_checkpoint'
    pointer.write_text(str(tmp_path / 'iter_200.pth'))
    names = [path.name for path in newest_first(tmp_path, tmp_path)]
    assert names == ['iter_1000.pth', 'iter_200.pth', 'epoch_3.pth']
    pointer.write_text(str(tmp_path / 'mine_7.pth'))
    assert newest_first(tmp_path, tmp_path)[0].name == 'mine_7.pth'


def test_a_folder_of_its_own(cfg, tmp_path):
    cfg.work_dir = str(tmp_path / 'run')
    cfg.default_hooks = dict(checkpoint=dict(out_dir=str(tmp_path / 'other')))
    (tmp_path / 'other/run').mkdir(parents=True)
    save(tmp_path / 'other/run/epoch_1.pth')
    resume_newest(cfg)
    assert cfg.load_from == str(tmp_path / 'other/run/epoch_1.pth')


@pytest.mark.parametrize(
    ('changes', 'missing'),
    [
        (dict(meta={}), 'meta.epoch, meta.iter'),
        (dict(meta=None), 'meta.epoch, meta.iter'),
        (dict(message_hub=None), 'message_hub'),
    ],
)
def test_weights_alone_cannot_be_resumed(cfg, tmp_path, changes, missing):
    cfg.load_from = str(save(tmp_path / 'a.pth', **changes))
    message = rf'a\.pth cannot be resumed: it has no {missing}\. .* load_from='
    with pytest.raises(UserError, match=message):
        check_resumable(cfg)


@pytest.mark.parametrize(('name', 'number'), [('max_epochs', 3), ('max_iters', 30)])
def test_a_finished_training_says_so(cfg, tmp_path, name, number):
    cfg.load_from = str(save(tmp_path / 'a.pth', epoch=3, iteration=30))
    cfg.train_cfg = {name: number}
    (line,) = check_resumable(cfg)
    assert line.startswith('this training is finished')
    assert f'{number} of {number}. To train on, set train_cfg.{name}' in line
    cfg.train_cfg = {name: number + 1}
    assert check_resumable(cfg) == []


def test_a_second_training_is_refused_or_replaces_the_first(cfg, tmp_path):
    refuse_second_training(cfg, overwrite=False)
    for name in ('epoch_1.pth', 'epoch_12.pth', 'last_checkpoint', 'notes.txt'):
        (tmp_path / name).write_text('x')
    with pytest.raises(UserError, match=r'training \(epoch_12\.pth\): .*--resume'):
        refuse_second_training(cfg, overwrite=False)
    refuse_second_training(cfg, overwrite=True)
    assert os.listdir(tmp_path) == ['notes.txt']


def test_states_that_begin_anew_are_told(cfg, tmp_path):
    cfg.load_from = str(save(tmp_path / 'epoch_1.pth', param_schedulers=[]))
    cfg.param_scheduler = [dict(type='MultiStepLR')]
    assert check_resumable(cfg) == []
    content = torch.load(cfg.load_from)
    del content['optimizer'], content['param_schedulers']
    torch.save(content, cfg.load_from)
    optimizer, schedule = check_resumable(cfg)
    assert 'the optimizer, whose momentum begins anew' in optimizer
    assert 'the schedule, whose learning rate begins as at the start' in schedule
    cfg.param_scheduler = None
    assert check_resumable(cfg) == [optimizer]
