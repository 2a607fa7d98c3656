from types import SimpleNamespace

import pytest
import torch
from mmengine.config import Config
from torch import nn

from mmdet_plus.engine.hooks import NewClassesHook
from mmdet_plus.errors import UserError


def test_layers_that_begin_anew_are_told():
    lines = []
    whole = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 5))
    own = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2), nn.Linear(2, 3))
    runner = SimpleNamespace(model=own, logger=SimpleNamespace(info=lines.append))
    checkpoint = dict(state_dict=whole.state_dict())
    NewClassesHook().after_load_checkpoint(runner, checkpoint)
    assert set(checkpoint['state_dict']) == {'0.weight', '0.bias', '1.weight', '1.bias'}
    assert lines == ['layers that do not fit the checkpoint start anew: 2']


def test_a_checkpoint_of_another_model_is_refused_before_training(tmp_path):
    path = tmp_path / 'other.pth'
    torch.save(dict(state_dict={'a.weight': torch.zeros(2)}), path)
    cfg = Config(dict(model=dict(type='ResNet', depth=18)))
    NewClassesHook.check_before_training(cfg)
    cfg.load_from = str(path)
    with pytest.raises(UserError, match=r'other\.pth: the checkpoint has 0 of the'):
        NewClassesHook.check_before_training(cfg)
