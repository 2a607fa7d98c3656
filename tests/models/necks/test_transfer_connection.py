import pytest
import torch
from mmdet.registry import MODELS
from torch.nn.functional import conv2d, conv_transpose2d, relu

import mmdet_plus  # noqa: F401


def build(**kwargs):
    torch.manual_seed(0)
    neck = MODELS.build(
        dict(type='TransferConnection', in_channels=[3, 5], out_channels=4, **kwargs)
    )
    neck.init_weights()
    return neck


def levels(height=6, width=4):
    torch.manual_seed(1)
    return [
        torch.randn(2, 3, height, width),
        torch.randn(2, 5, (height + 1) // 2, (width + 1) // 2),
    ]


def naive_conv(module, x):
    return conv2d(x, module.conv.weight, module.conv.bias, padding=1)


def test_equals_figure_2():
    neck, (low, high) = build(), levels()
    first, second = neck.lateral_convs[1]
    top = relu(naive_conv(second, relu(naive_conv(first, high))))  # no sum
    top = relu(naive_conv(neck.output_convs[1], top))
    first, second = neck.lateral_convs[0]
    deconv = neck.deconvs[0][0]
    total = naive_conv(second, relu(naive_conv(first, low))) + conv_transpose2d(
        top, deconv.weight, deconv.bias, stride=2
    )
    bottom = relu(naive_conv(neck.output_convs[0], relu(total)))
    got = neck([low, high])
    torch.testing.assert_close(got[0], bottom)
    torch.testing.assert_close(got[1], top)


@pytest.mark.parametrize('size', [(6, 4), (5, 3), (5, 4)])
def test_shapes_also_where_the_backbone_rounded_up(size):
    inputs = levels(*size)
    for output, level in zip(build()(inputs), inputs, strict=True):
        assert output.shape == (2, 4, *level.shape[2:])


def test_rounded_levels_meet_at_their_upper_left_corner():
    neck, (low, high) = build(), levels(5, 3)
    torch.nn.init.zeros_(neck.lateral_convs[0][1].conv.weight)  # context only
    context = neck.deconvs[0](neck([low, high])[1])
    expected = neck.output_convs[0](relu(context[..., :5, :3]))
    torch.testing.assert_close(neck([low, high])[0], expected)


def test_norm_follows_every_convolution():
    neck = build(norm_cfg=dict(type='BN'))
    plain = build()
    assert sum(isinstance(m, torch.nn.BatchNorm2d) for m in neck.modules()) == 7
    assert not any(isinstance(m, torch.nn.BatchNorm2d) for m in plain.modules())
    assert neck.deconvs[0][0].bias is None
    assert plain.deconvs[0][0].bias is not None


def test_deconvolutions_start_from_xaviers_distribution():
    (deconv,) = build().deconvs[0]
    bound = (6 / (4 * 4 + 4 * 4)) ** 0.5  # PyTorch's own is 1 / 4
    assert 0.3 < deconv.weight.abs().max() <= bound
    assert (deconv.bias == 0).all()


def test_every_parameter_gets_a_gradient():
    neck = build(norm_cfg=dict(type='BN'))
    neck(levels())[0].square().sum().backward()
    assert [n for n, p in neck.named_parameters() if p.grad is None] == []


def test_published_width_is_the_default():
    neck = MODELS.build(dict(type='TransferConnection'))
    assert [c[0].conv.in_channels for c in neck.lateral_convs] == [512, 512, 1024, 512]
    assert {c.conv.out_channels for c in neck.output_convs} == {256}


def test_batch_equals_single_images():
    neck, inputs = build().eval(), levels()
    singles = [neck([level[i : i + 1] for level in inputs]) for i in range(2)]
    for i, output in enumerate(neck(inputs)):
        torch.testing.assert_close(output, torch.cat([s[i] for s in singles]))


def test_messages():
    low, high = levels()
    with pytest.raises(ValueError, match='has 2 levels, got 1'):
        build()([low])
    with pytest.raises(ValueError, match=r'6 x 4 lies below .* 4 x 4'):
        build()([low, high[:, :, :2]])


def test_one_image_whose_last_level_is_one_cell_can_be_trained_on():
    neck = build(norm_cfg=dict(type='BN'))
    with pytest.warns(UserWarning, match='one value per channel'):
        outputs = neck([torch.randn(1, 3, 2, 2), torch.randn(1, 5, 1, 1)])
    outputs[0].square().sum().backward()
    assert all(p.grad.isfinite().all() for p in neck.parameters())
    assert all(buffer.isfinite().all() for buffer in neck.buffers())
