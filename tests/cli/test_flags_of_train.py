from argparse import Namespace

import pytest
from mmengine.config import Config

from mmdet_plus.cli.flags_of_train import set_train_options
from mmdet_plus.errors import UserError


def arguments(**changes):
    names = ('amp', 'auto_scale_lr', 'resume', 'data', 'classes', 'val_fraction')
    names += ('split_seed', 'epochs', 'patience', 'ema', 'load')
    return Namespace(**{**dict.fromkeys(names), **changes})


def test_no_flag_changes_nothing():
    cfg = Config(dict(load_from='a.pth'))
    set_train_options(cfg, arguments())
    assert cfg.to_dict() == dict(load_from='a.pth')


@pytest.mark.parametrize(
    ('given', 'load_from'), [('auto', None), ('dir/a.pth', 'dir/a.pth')]
)
def test_resume(given, load_from):
    cfg = Config(dict(load_from='old.pth', resume=False))
    set_train_options(cfg, arguments(resume=given))
    assert cfg.resume is True
    assert cfg.load_from == load_from


def test_scaling_needs_the_base_batch_size():
    cfg = Config(dict(auto_scale_lr=dict(enable=False, base_batch_size=16)))
    set_train_options(cfg, arguments(auto_scale_lr=True))
    assert cfg.auto_scale_lr.enable is True
    with pytest.raises(UserError, match='base_batch_size'):
        set_train_options(Config({}), arguments(auto_scale_lr=True))


def test_mixed_precision_without_a_gpu(monkeypatch):
    monkeypatch.setattr('mmdet_plus.cli.flags_of_train.get_device', lambda: 'cpu')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer={})))
    set_train_options(cfg, arguments(amp=True))
    assert cfg.optim_wrapper.type == 'CpuAmpOptimWrapper'
    assert 'loss_scale' not in cfg.optim_wrapper


def test_mixed_precision_needs_an_optim_wrapper():
    with pytest.raises(UserError, match='no optim_wrapper'):
        set_train_options(Config({}), arguments(amp=True))


def test_mixed_precision(monkeypatch):
    monkeypatch.setattr('mmdet_plus.cli.flags_of_train.get_device', lambda: 'cuda')
    cfg = Config(dict(optim_wrapper=dict(type='OptimWrapper', optimizer={})))
    set_train_options(cfg, arguments(amp=True))
    assert cfg.optim_wrapper.type == 'AmpOptimWrapper'
    assert cfg.optim_wrapper.loss_scale == 'dynamic'
