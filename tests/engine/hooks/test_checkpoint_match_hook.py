from types import SimpleNamespace

import pytest
from torch import nn

from mmdet_plus.engine.hooks import CheckpointMatchHook
from mmdet_plus.errors import UserError


def test_weights_of_another_model_are_refused():
    hook, runner = CheckpointMatchHook(), SimpleNamespace(model=nn.Linear(2, 3))
    hook.after_load_checkpoint(runner, dict(state_dict=nn.Linear(2, 3).state_dict()))
    other = dict(state_dict=nn.Linear(2, 4).state_dict())
    with pytest.raises(UserError, match='belongs to another config'):
        hook.after_load_checkpoint(runner, other)
