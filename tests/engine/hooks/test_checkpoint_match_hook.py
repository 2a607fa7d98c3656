from types import SimpleNamespace

import pytest
import torch
from mmengine.optim import OptimWrapper
from torch import nn

from mmdet_plus.engine.hooks import CheckpointMatchHook
from mmdet_plus.errors import UserError


def test_weights_of_another_model_are_refused():
    hook = CheckpointMatchHook()
    runner = SimpleNamespace(model=nn.Linear(2, 3), optim_wrapper=None)
    hook.after_load_checkpoint(runner, dict(state_dict=nn.Linear(2, 3).state_dict()))
    other = dict(state_dict=nn.Linear(2, 4).state_dict())
    with pytest.raises(UserError, match='belongs to another config'):
        hook.after_load_checkpoint(runner, other)


def test_a_training_may_start_from_other_weights():
    model = nn.Linear(2, 3)
    optim_wrapper = OptimWrapper(torch.optim.SGD(model.parameters(), lr=0.1))
    runner = SimpleNamespace(model=model, optim_wrapper=optim_wrapper)
    other = dict(state_dict=nn.Linear(2, 4).state_dict())
    CheckpointMatchHook().after_load_checkpoint(runner, other)
    assert 'weight' in other['state_dict']
