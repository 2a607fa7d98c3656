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
    with pytest.raises(UserError, match='another model, or other classes'):
        hook.after_load_checkpoint(runner, other)


def runner_of(classes):
    lines = []
    logger = SimpleNamespace(info=lines.append, warning=lines.append)
    dataset = SimpleNamespace(metainfo=dict(classes=classes))
    loop = SimpleNamespace(dataloader=SimpleNamespace(dataset=dataset))
    runner = SimpleNamespace(
        model=nn.Linear(2, 3),
        optim_wrapper=None,
        logger=logger,
        _test_loop=loop,
        _resume=False,
    )
    return runner, lines


def test_classes_of_checkpoint_and_data_are_compared():
    weights = nn.Linear(2, 3).state_dict()
    meta = dict(dataset_meta=dict(classes=('a', 'b')))
    checkpoint = dict(state_dict=weights, meta=meta)
    runner, lines = runner_of(('a', 'c'))
    CheckpointMatchHook().after_load_checkpoint(runner, checkpoint)
    assert 'b is now c' in lines[0]
    runner, _ = runner_of(('b', 'a'))
    with pytest.raises(UserError, match='another order'):
        CheckpointMatchHook().after_load_checkpoint(runner, checkpoint)


def test_where_a_training_starts_is_logged():
    runner, lines = runner_of(('b', 'a'))
    checkpoint = dict(state_dict=nn.Linear(2, 4).state_dict() | {'bias': torch.ones(3)})
    parameters = runner.model.parameters()
    runner.optim_wrapper = OptimWrapper(torch.optim.SGD(parameters, lr=0.1))
    CheckpointMatchHook().after_load_checkpoint(runner, checkpoint)
    assert lines == ['load_from: 1 of the 2 weights fit; as initialised: weight']
    runner._resume = True
    with pytest.raises(UserError, match='another model, or other classes'):
        CheckpointMatchHook().after_load_checkpoint(runner, checkpoint)
