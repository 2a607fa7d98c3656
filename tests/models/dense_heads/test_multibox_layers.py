import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS

import mmdet_plus  # noqa: F401
from mmdet_plus.models.dense_heads.multibox_layers import (
    DEFAULT_ANCHORS,
    build_residual_blocks,
    check_strides,
)

HEADS = [
    dict(type='AnchorRefinementHead'),
    dict(type='ObjectDetectionHead', num_classes=3),
]


def test_a_block_is_a_bottleneck_with_a_projection():
    torch.manual_seed(0)
    same, other = build_residual_blocks([16, 8], 16).eval()
    x = torch.randn(1, 16, 5, 4)
    scale = (1 + 1e-5) ** -0.5  # batch norm of new statistics
    expected = (
        same.conv3(same.conv2(same.conv1(x).mul(scale).relu()).mul(scale).relu())
        + same.downsample[0](x)
    ).mul(scale)
    torch.testing.assert_close(same(x), expected.relu())
    assert same.conv2.weight.shape == (4, 4, 3, 3)
    assert other(torch.randn(1, 8, 5, 4)).shape == (1, 16, 5, 4)


def test_without_blocks_levels_stay_as_they_are():
    (block,) = build_residual_blocks([8], None)
    x = torch.randn(1, 8, 2, 2)
    assert block(x) is x
    assert block.state_dict() == {}


@pytest.mark.parametrize('head', HEADS, ids=lambda head: head['type'])
def test_both_predictors_of_a_level_look_at_its_block(head):
    built = MODELS.build(dict(head, in_channels=[8, 8, 12, 12], residual_channels=16))
    assert {conv.in_channels for conv in built.cls_convs} == {16}
    assert {conv.in_channels for conv in built.reg_convs} == {16}
    x = [torch.randn(2, c, s, s) for c, s in ((8, 8), (8, 4), (12, 2), (12, 1))]
    logits, deltas = built(x)
    sum(level.sum() for level in (*logits, *deltas)).backward()
    missing = [n for n, p in built.named_parameters() if p.grad is None]
    assert missing == []


@pytest.mark.parametrize('size', [320, 512, 300, 129])
def test_maps_rounded_up_or_down_are_of_their_stride(size):
    generator = TASK_UTILS.build(DEFAULT_ANCHORS)
    for rounding in (lambda x: -(-x // 1), lambda x: x // 1):
        maps, side = [], size
        for _ in range(6):
            side = int(rounding(side / 2))
            maps.append(torch.zeros(1, 1, side, side))
        check_strides(generator, maps[2:], (size, size))
    with pytest.raises(ValueError, match=r'but anchor_generator has \[8, 16, 32, 64\]'):
        check_strides(generator, maps[1:5], (size, size))


def test_strides_are_of_x_and_y():
    generator = TASK_UTILS.build(dict(DEFAULT_ANCHORS, strides=[(4, 16), (8, 32)]))
    wide, high = (
        [torch.zeros(1, 1, *size) for size in sizes]
        for sizes in (((16, 64), (8, 32)), ((64, 16), (32, 8)))
    )
    check_strides(generator, wide, (256, 256))
    message = (
        r'have strides of \[\(16, 4\), \(32, 8\)\], but .* \[\(4, 16\), \(8, 32\)\]'
    )
    with pytest.raises(ValueError, match=message):
        check_strides(generator, high, (256, 256))


@pytest.mark.parametrize('size', [(16, 32), (32, 16)])
def test_each_axis_has_to_fit(size):
    generator = TASK_UTILS.build(dict(DEFAULT_ANCHORS, strides=[8]))
    check_strides(generator, [torch.zeros(1, 1, 32, 32)], (256, 256))
    with pytest.raises(ValueError, match='feature levels have strides of'):
        check_strides(generator, [torch.zeros(1, 1, *size)], (256, 256))


@pytest.mark.parametrize('count', [0, 1, 3])
def test_each_level_has_anchors(count):
    generator = TASK_UTILS.build(dict(DEFAULT_ANCHORS, strides=[8, 16]))
    maps = [torch.zeros(1, 1, 32 // 2**i, 32 // 2**i) for i in range(count)]
    with pytest.raises(ValueError, match=rf'{count} feature levels, but .* for 2$'):
        check_strides(generator, maps, (256, 256))


def test_blocks_can_be_trained_on_one_cell():
    (block,) = build_residual_blocks([8], 16).train()
    with pytest.warns(UserWarning, match='one value per channel'):
        output = block(torch.randn(1, 8, 1, 1))
    output.square().sum().backward()
    assert all(p.grad.isfinite().all() for p in block.parameters())
