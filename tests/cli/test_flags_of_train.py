from argparse import Namespace

import pytest
import torch
from mmengine.config import Config

from mmdet_plus.cli.flags_of_train import set_train_options
from mmdet_plus.errors import UserError


def arguments(**changes):
    names = ('amp', 'auto_scale_lr', 'resume', 'data', 'classes', 'val_fraction')
    names += ('split_seed', 'epochs', 'patience', 'ema', 'load', 'overwrite')
    return Namespace(**{**dict.fromkeys(names), **changes})


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def config(**settings):
    return Config(dict(work_dir='work', launcher='none', **settings))


def test_without_flags_checkpoints_are_whole():
    cfg = config(load_from='a.pth')
    cfg.default_hooks = dict(checkpoint=dict(type='CheckpointHook', interval=2))
    set_train_options(cfg, arguments())
    assert cfg.load_from == 'a.pth'
    assert cfg.default_hooks.checkpoint == dict(type='WholeCheckpointHook', interval=2)


def test_activations_are_checkpointed_by_the_hook():
    other = dict(type='EpochSeedHook')
    cfg = config(activation_checkpointing=['neck'], custom_hooks=[other])
    set_train_options(cfg, arguments())
    own = dict(type='ActivationCheckpointingHook', modules=['neck'])
    assert cfg.custom_hooks == [other, own]
    assert 'activation_checkpointing' not in cfg


def save(path, **changes):
    path.parent.mkdir(exist_ok=True)
    state = dict(state_dict={}, meta=dict(epoch=1, iter=5), message_hub={}, **changes)
    torch.save(state, path)


def test_resume_from_a_file(tmp_path):
    save(tmp_path / 'dir/a.pth')
    cfg = config(load_from='old.pth', resume=False)
    set_train_options(cfg, arguments(resume='dir/a.pth'))
    assert cfg.resume is True
    assert cfg.load_from == 'dir/a.pth'


@pytest.mark.parametrize(
    ('setting', 'flag'), [(False, 'auto'), (True, None), (False, None)]
)
def test_resume_from_the_newest(tmp_path, capsys, setting, flag):
    save(tmp_path / 'work/epoch_1.pth')
    cfg = config(load_from=None, resume=setting)
    if not setting and not flag:
        with pytest.raises(UserError, match='--overwrite'):
            set_train_options(cfg, arguments(resume=flag))
        return
    set_train_options(cfg, arguments(resume=flag))
    assert (cfg.resume, cfg.load_from) == (True, 'work/epoch_1.pth')
    assert 'resuming from work/epoch_1.pth' in capsys.readouterr().out


def test_scaling_needs_the_base_batch_size():
    cfg = config(auto_scale_lr=dict(enable=False, base_batch_size=16))
    set_train_options(cfg, arguments(auto_scale_lr=True))
    assert cfg.auto_scale_lr.enable is True
    with pytest.raises(UserError, match='base_batch_size'):
        set_train_options(config(), arguments(auto_scale_lr=True))


def test_mixed_precision_without_a_gpu(monkeypatch):
    monkeypatch.setattr('mmdet_plus.cli.flags_of_train.get_device', lambda: 'cpu')
    cfg = config(optim_wrapper=dict(type='OptimWrapper', optimizer={}))
    set_train_options(cfg, arguments(amp=True))
    assert cfg.optim_wrapper.type == 'CpuAmpOptimWrapper'
    assert 'loss_scale' not in cfg.optim_wrapper


def test_mixed_precision_needs_an_optim_wrapper():
    with pytest.raises(UserError, match='no optim_wrapper'):
        set_train_options(config(), arguments(amp=True))


def test_mixed_precision(monkeypatch):
    monkeypatch.setattr('mmdet_plus.cli.flags_of_train.get_device', lambda: 'cuda')
    cfg = config(optim_wrapper=dict(type='OptimWrapper', optimizer={}))
    set_train_options(cfg, arguments(amp=True))
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
