from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import HOOKS
from torch import nn

from mmdet_plus.errors import UserError


def step(loss, weight):
    model = nn.Linear(1, 1)
    nn.init.constant_(model.weight, weight)
    wrapper = SimpleNamespace(get_lr=lambda: {'lr': [7.0]})
    runner = SimpleNamespace(model=model, optim_wrapper=wrapper, epoch=0, iter=4)
    outputs = dict(loss=torch.tensor(loss), acc=torch.tensor([9.0]))
    hook = HOOKS.build(dict(type='DivergenceHook'))
    hook.after_train_iter(runner, 4, None, outputs)


@pytest.mark.parametrize('loss', [float('nan'), float('inf')])
def test_lost_weights_stop_the_training(loss):
    with pytest.raises(UserError) as error:
        step(loss, float('nan'))
    message = str(error.value)
    assert 'in epoch 1, iteration 5, loss and the weights are not finite' in message
    assert 'Learning rate now: 7.0. Lower optim_wrapper.optimizer.lr' in message


def test_a_skipped_step_goes_on():
    step(float('inf'), 1.0)
    step(0.5, 1.0)
