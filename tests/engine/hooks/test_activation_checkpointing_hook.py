import copy
import logging
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import HOOKS
from mmengine.config import Config
from mmengine.registry import DefaultScope
from torch import nn
from torch.autograd.graph import saved_tensors_hooks

from mmdet_plus.analysis.inference_cost.training_steps import (
    build_for_training,
    labelled_samples_for,
)
from mmdet_plus.engine import ActivationCheckpointingHook
from mmdet_plus.engine.optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast
from mmdet_plus.errors import UserError

CONFIGS = Path(__file__).parents[3] / 'configs'


def apply(model, modules):
    hook = HOOKS.build(dict(type='ActivationCheckpointingHook', modules=modules))
    hook.before_train(SimpleNamespace(model=model))


def step(model, inputs, samples):
    """Loss, gradients and buffers after a step, and the numbers that were kept."""
    kept = []
    torch.manual_seed(0)
    with saved_tensors_hooks(lambda t: kept.append(t.numel()) or t, lambda t: t):
        loss, _ = model.parse_losses(model.loss(inputs, copy.deepcopy(samples)))
    loss.backward()
    gradients = {
        name: parameter.grad
        for name, parameter in model.named_parameters()
        if parameter.grad is not None
    }
    return loss.detach(), gradients, dict(model.named_buffers()), sum(kept)


@pytest.mark.parametrize(
    ('config', 'modules'),
    [
        ('d2det/d2det-mask_r18_fpn_1x_shapes', ['roi_head.reg_head']),
        ('d2det/d2det-mask_r18_fpn_1x_shapes', ['roi_head.bbox_roi_extractor']),
        ('cpm_rcnn/cpm-rcnn_r18_fpn_1x_shapes', ['roi_head']),
        ('double_head/dh-ext-faster-rcnn_r18_fpn_1x_shapes', ['roi_head.bbox_head']),
        ('refinedet/refinedet320_r18_1x_shapes', ['backbone', 'neck', 'bbox_head']),
        ('dcr/faster-rcnn-dcrv2_r18_fpn_1x_shapes', ['roi_head.refiner']),
    ],
)
def test_the_same_gradients_from_fewer_activations(config, modules):
    with DefaultScope.overwrite_default_scope('mmdet'):
        plain = build_for_training(Config.fromfile(CONFIGS / f'{config}.py'))
    inputs = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    samples = labelled_samples_for(inputs, 4, 3, plain.with_mask)
    saving = copy.deepcopy(plain)
    if modules == ['roi_head']:
        modules = [f'roi_head.{name}' for name, _ in saving.roi_head.named_children()]
    apply(saving, modules)
    loss, gradients, buffers, kept = step(plain, inputs, samples)
    own_loss, own_gradients, own_buffers, own_kept = step(saving, inputs, samples)
    assert own_loss == loss
    assert own_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(own_gradients[name], gradient)
    for name, buffer in buffers.items():
        assert torch.equal(own_buffers[name], buffer), name
    assert own_kept < kept


def test_batch_norm_counts_a_batch_once():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)))
    apply(model, '0')
    model(torch.randn(2, 1, 3, 3)).sum().backward()
    norm = model[0][1]
    assert norm.num_batches_tracked == 1
    assert norm.momentum == 0.1


def test_nothing_is_repeated_without_gradients():
    model = nn.Sequential(nn.Sequential(nn.Conv2d(1, 2, 1)))
    apply(model, ['0'])
    with torch.no_grad():
        assert model(torch.randn(2, 1, 3, 3)).grad_fn is None


def test_a_part_that_is_not_there_is_named(tiny_config):
    cfg = Config.fromfile(tiny_config)
    settings = dict(type='ActivationCheckpointingHook', modules=['backbone', 'nekk'])
    cfg.custom_hooks = [settings]
    with pytest.raises(UserError, match=r"no part 'nekk'; there are .*backbone, neck"):
        ActivationCheckpointingHook.check_before_training(cfg)
    cfg.custom_hooks[0].modules = ['backbone', 'neck']
    ActivationCheckpointingHook.check_before_training(cfg)


def test_the_same_gradients_in_bfloat16():
    """The optimizer wrapper's hooks are gone when gradients are computed."""
    config = CONFIGS / 'dcr' / 'faster-rcnn-dcrv2_r18_fpn_1x_shapes.py'
    with DefaultScope.overwrite_default_scope('mmdet'):
        plain = build_for_training(Config.fromfile(config))
    inputs = torch.randn(2, 3, 128, 128, generator=torch.Generator().manual_seed(1))
    samples = labelled_samples_for(inputs, 4, 3, with_masks=False)
    saving = copy.deepcopy(plain)
    apply(saving, ['roi_head.refiner'])
    gradients = []
    for model in (plain, saving):
        torch.manual_seed(0)
        with bfloat16_autocast(model):
            loss, _ = model.parse_losses(model.loss(inputs, copy.deepcopy(samples)))
        loss.backward()
        gradients.append({n: p.grad for n, p in model.named_parameters()})
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient, msg=name)


def test_gradients_may_be_asked_for_twice():
    model = nn.Sequential(nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2), nn.ReLU()))
    apply(model, '0')
    loss = model(torch.randn(4, 2)).sum()
    loss.backward(retain_graph=True)
    once = model[0][0].weight.grad.clone()
    loss.backward()
    torch.testing.assert_close(model[0][0].weight.grad, 2 * once)


def test_a_part_that_does_not_run_itself_is_told(caplog):
    hook = ActivationCheckpointingHook(['0', '1'])
    model = nn.Sequential(nn.Linear(1, 1), nn.ModuleList([nn.Linear(1, 1)]))
    runner = SimpleNamespace(model=model, logger=logging.getLogger('a'))
    hook.before_train(runner)
    model[0](torch.ones(1, 1))
    hook.after_train_iter(runner, 0, None, None)
    hook.after_train_iter(runner, 1, None, None)
    (message,) = caplog.messages
    assert '1 did not run as a whole' in message
