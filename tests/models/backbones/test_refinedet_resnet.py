import pytest
import torch
from mmcv.cnn.bricks import ConvWS2d
from mmdet.registry import MODELS
from torch import nn

import mmdet_plus  # noqa: F401


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='RefineDetResNet', depth=50, base_channels=4, extra_channels=3, **kwargs
    )
    return MODELS.build(config)


def test_strides_and_widths():
    levels = build()(torch.randn(1, 3, 128, 192))
    shapes = [tuple(level.shape[1:]) for level in levels]
    assert shapes == [(32, 16, 24), (64, 8, 12), (128, 4, 6), (12, 2, 3)]


def test_published_block_is_the_default():
    backbone = MODELS.build(dict(type='RefineDetResNet', depth=50))
    (block,) = backbone.res6
    assert MODELS.build(dict(type='RefineDetResNet')).depth == 101
    convs = (block.conv1, block.conv2, block.conv3)
    assert [conv.out_channels for conv in convs] == [128, 128, 512]
    assert block.conv2.stride == (2, 2)
    for conv in (*convs, block.downsample[0]):
        assert abs(conv.weight.std().item() - 0.01) < 0.001


def test_last_level_is_the_block_on_the_level_before():
    backbone = build().eval()
    levels = backbone(torch.randn(1, 3, 64, 64))
    torch.testing.assert_close(levels[3], backbone.res6(levels[2]))


def test_the_new_block_has_the_layers_of_the_others():
    backbone = build(
        norm_cfg=dict(type='GN', num_groups=1), conv_cfg=dict(type='ConvWS')
    )
    layers = [type(layer) for layer in backbone.res6.modules()]
    assert nn.BatchNorm2d not in layers
    assert layers.count(nn.GroupNorm) == layers.count(ConvWS2d) == 4


def test_only_the_new_block_learns_statistics():
    backbone = build().train()
    training = {
        name: module.training
        for name, module in backbone.named_modules()
        if isinstance(module, nn.BatchNorm2d)
    }
    assert {n for n, t in training.items() if t} == {
        n for n in training if n.startswith('res6')
    }
    assert not any(m.training for m in backbone.eval().modules())
    assert build(norm_eval=False).train().bn1.training


def test_pretrained_weights_leave_the_new_block_alone(tmp_path):
    source = MODELS.build(dict(type='ResNet', depth=50, base_channels=4))
    torch.save(source.state_dict(), tmp_path / 'resnet.pth')
    backbone = build(
        init_cfg=dict(type='Pretrained', checkpoint=str(tmp_path / 'resnet.pth'))
    )
    backbone.init_weights()
    torch.testing.assert_close(backbone.conv1.weight, source.conv1.weight)
    weights = torch.cat([p.flatten() for n, p in backbone.res6.named_parameters()
                         if p.dim() == 4])  # fmt: skip
    assert abs(weights.std().item() - 0.01) < 0.002


def test_every_parameter_gets_a_gradient():
    backbone = build()
    sum(
        level.square().sum() for level in backbone(torch.randn(2, 3, 64, 64))
    ).backward()
    assert [n for n, p in backbone.named_parameters() if p.grad is None] == []


def test_one_image_of_one_cell_can_be_trained_on():
    backbone = build(norm_eval=False)
    with pytest.warns(UserWarning, match='one value per channel'):
        levels = backbone(torch.randn(1, 3, 64, 64))
    assert levels[3].shape[2:] == (1, 1)
    levels[3].square().sum().backward()
    assert all(p.grad.isfinite().all() for p in backbone.parameters())
    assert all(buffer.isfinite().all() for buffer in backbone.buffers())
