import copy

import pytest
import torch
from mmcv.cnn import build_norm_layer

from mmdet_plus.models.layers import one_value_norm

SHAPES = {'BN': (4, 2, 3), 'BN2d': (4, 2, 3), 'BN1d': (4,)}


def layer_of(kind):
    """A layer that has seen a batch, and its weights in PyTorch's own."""
    torch.manual_seed(0)
    config = dict(type=kind, eps=1e-3)
    name, layer = build_norm_layer(one_value_norm(config), 4)
    twin_name, twin = build_norm_layer(config, 4)
    assert name == twin_name == 'bn'
    torch.nn.init.normal_(layer.weight)
    torch.nn.init.normal_(layer.bias)
    layer(2 * torch.randn(5, *SHAPES[kind]) + 1)
    twin.load_state_dict(layer.state_dict())
    return layer, twin


@pytest.mark.parametrize('kind', SHAPES)
def test_several_values_are_normalised_as_ever(kind):
    layer, twin = layer_of(kind)
    x = torch.randn(3, *SHAPES[kind])
    assert torch.equal(layer(x), twin(x))
    assert all(
        torch.equal(mine, other)
        for mine, other in zip(layer.buffers(), twin.buffers(), strict=True)
    )
    one = torch.randn(1, 4, *[1 for _ in SHAPES[kind][1:]])
    assert torch.equal(layer.eval()(one), twin.eval()(one))


@pytest.mark.parametrize('kind', SHAPES)
def test_one_value_is_normalised_by_running_statistics(kind):
    layer, twin = layer_of(kind)
    before = copy.deepcopy(list(layer.buffers()))
    x = torch.randn(1, 4, *[1 for _ in SHAPES[kind][1:]], requires_grad=True)
    with pytest.warns(UserWarning, match='one value per channel'):
        found = layer(x)
    shape = (1, 4) + (1,) * (x.dim() - 2)
    mean, variance, weight, bias = (
        each.view(shape)
        for each in (layer.running_mean, layer.running_var, layer.weight, layer.bias)
    )
    expected = (x - mean) / (variance + 1e-3).sqrt() * weight + bias
    torch.testing.assert_close(found, expected)
    (gradient,) = torch.autograd.grad(found.sum(), x)
    torch.testing.assert_close(gradient, weight / (variance + 1e-3).sqrt())
    assert all(map(torch.equal, before, layer.buffers()))
    with pytest.raises(ValueError, match='more than 1 value'):
        twin(x)


@pytest.mark.parametrize('config', [None, dict(type='GN', num_groups=2)])
def test_other_norms_stay(config):
    assert one_value_norm(config) is config
