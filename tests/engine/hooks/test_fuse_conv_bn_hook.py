from types import SimpleNamespace

import pytest
import torch
from mmdet.registry import HOOKS
from mmengine.hooks import EMAHook
from mmengine.registry import MODEL_WRAPPERS
from torch import nn

import mmdet_plus  # noqa: F401


@pytest.fixture
def model():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(3, 4, 3, bias=False), nn.BatchNorm2d(4), nn.ReLU())
    for tensor in (model[1].running_var, model[1].weight.data):
        tensor.uniform_(0.5, 2.0)
    model[1].running_mean.normal_()
    return model.eval()


def fuse(model, hooks=()):
    hook = HOOKS.build(dict(type='FuseConvBNHook'))
    hook.before_test(SimpleNamespace(model=model, hooks=list(hooks)))


def test_output_stays_the_same(model):
    image = torch.rand(2, 3, 8, 8)
    before = model(image)
    fuse(model)
    assert not any(isinstance(part, nn.BatchNorm2d) for part in model.modules())
    torch.testing.assert_close(model(image), before, atol=1e-5, rtol=1e-5)


def test_the_model_inside_a_wrapper_is_fused(model, monkeypatch):
    class Wrapper(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.module = module

    monkeypatch.setitem(MODEL_WRAPPERS.module_dict, 'Wrapper', Wrapper)
    fused = []
    monkeypatch.setattr(
        'mmdet_plus.engine.hooks.fuse_conv_bn_hook.fuse_conv_bn', fused.append
    )
    fuse(Wrapper(model))
    assert fused == [model]


def test_averaging_of_weights_is_refused(model):
    with pytest.raises(ValueError, match='EMAHook'):
        fuse(model, [EMAHook()])
    assert isinstance(model[1], nn.BatchNorm2d)
