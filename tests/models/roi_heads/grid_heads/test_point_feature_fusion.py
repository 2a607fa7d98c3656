import pytest
import torch

from mmdet_plus.models.roi_heads.grid_heads.point_feature_fusion import (
    PointFeatureFusion,
    neighbour_pairs,
)


def test_neighbours_of_nine_points():
    sources, targets = neighbour_pairs(3)
    assert len(sources) == len(targets) == 24
    of_the_middle = {s for s, t in zip(sources, targets, strict=True) if t == 4}
    assert of_the_middle == {1, 3, 5, 7}
    of_the_corner = {s for s, t in zip(sources, targets, strict=True) if t == 0}
    assert of_the_corner == {1, 3}


def by_loop(fusion, feats):
    own = feats.unflatten(1, (9, -1))
    fused = own
    channels = own.shape[2]
    for depthwise, pointwise in fusion.transitions:
        result = own.clone()
        for e in range(len(fusion.sources)):
            part = slice(e * channels, (e + 1) * channels)
            sent = torch.nn.functional.conv2d(
                fused[:, fusion.sources[e]],
                depthwise.weight[part],
                depthwise.bias[part],
                padding=2,
                groups=channels,
            )
            sent = torch.nn.functional.conv2d(
                sent, pointwise.weight[part], pointwise.bias[part]
            )
            result[:, fusion.targets[e]] += sent
        fused = result
    return fused.flatten(1, 2)


@pytest.mark.parametrize('order', [1, 2])
def test_fusion_equals_the_loop(order):
    torch.manual_seed(0)
    fusion = PointFeatureFusion(3, point_channels=2, order=order)
    feats = torch.randn(3, 18, 7, 7)
    torch.testing.assert_close(fusion(feats), by_loop(fusion, feats))


@pytest.mark.parametrize(('order', 'reach'), [(1, {0, 1, 3}), (2, {0, 1, 2, 3, 4, 6})])
def test_order_is_how_far_features_travel(order, reach):
    torch.manual_seed(0)
    fusion = PointFeatureFusion(3, point_channels=2, order=order)
    feats = torch.randn(1, 18, 7, 7)
    changed = feats.clone()
    changed[:, :2] += 1  # of the first point
    moved = (fusion(changed) - fusion(feats)).abs().amax((0, 2, 3)) > 1e-6
    assert {i for i in range(9) if moved[2 * i : 2 * i + 2].any()} == reach
