import math

import pytest
import torch
from mmcv.ops import RoIAlign
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.roi_extractors import LegacyDeformRoIPool
from mmdet_plus.models.roi_heads.roi_extractors.legacy_roi_extractor import (
    as_position_sensitive,
)
from mmdet_plus.ops import DeformRoIAlign, RoIMaxPool
from tests.samples.released_pooling import position_sensitive_pool

ROIS = torch.tensor([[0, 17.4, 20.5, 60.2, 71.7], [0, 30.0, 33.0, 95.0, 47.0]])


def extractor(**changes):
    init_default_scope('mmdet')
    align = dict(type='RoIAlign', output_size=3, sampling_ratio=2, aligned=False)
    cfg = dict(roi_layer=align, out_channels=2, featmap_strides=[4, 8], finest_scale=28)
    return MODELS.build({'type': 'LegacyRoIExtractor', **cfg, **changes})


@pytest.mark.parametrize(('bins', 'samples'), [(3, 1), (14, 2), (7, 4)])
def test_moved_rois_are_sampled_where_the_old_operator_did(bins, samples):
    torch.manual_seed(0)
    feat = torch.randn(1, 2, 30, 30)
    layer = DeformRoIAlign(bins, spatial_scale=0.25, sampling_ratio=samples)
    pooled = layer(feat, as_position_sensitive(ROIS, bins, samples))
    expected = position_sensitive_pool(feat[0], ROIS[:, 1:], bins, samples, 0.25)
    torch.testing.assert_close(pooled, expected, atol=1e-5, rtol=0)
    assert (layer(feat, ROIS) - expected).abs().max() > 0.1


def test_deformable_pooling_as_loops():
    torch.manual_seed(0)
    feat = torch.randn(1, 2, 30, 30)
    layer = LegacyDeformRoIPool(7, in_channels=2, spatial_scale=0.25)
    plain = position_sensitive_pool(feat[0], ROIS[:, 1:], 7, 4, 0.25)
    torch.testing.assert_close(layer(feat, ROIS), plain, atol=1e-5, rtol=0)
    with torch.no_grad():
        layer.offset.weight.normal_(std=0.1)
        layer.offset.bias.normal_(std=0.1)
        offset = layer.offset(plain.flatten(1)).view(-1, 2, 7, 7)  # x before y
    expected = position_sensitive_pool(feat[0], ROIS[:, 1:], 7, 4, 0.25, offset)
    torch.testing.assert_close(layer(feat, ROIS), expected, atol=1e-4, rtol=0)
    layer(feat, ROIS).sum().backward()
    assert layer.offset.weight.grad.abs().sum() > 0


@pytest.mark.parametrize(('bins', 'samples'), [(14, 2), (7, 4)])
def test_only_samples_that_offsets_move_out_of_the_map_differ(bins, samples):
    torch.manual_seed(0)
    feat = torch.randn(1, 2, 30, 30)
    rois = torch.tensor(
        [[0, 0, 0, 70.0, 60], [0, 50, 60, 120, 120], [0, 30, 30, 90, 80]]
    )
    layer = DeformRoIAlign(bins, spatial_scale=0.25, sampling_ratio=samples)
    moved = as_position_sensitive(rois, bins, samples)

    def differences(offset):
        boxes = rois[:, 1:]
        theirs = position_sensitive_pool(feat[0], boxes, bins, samples, 0.25, offset)
        return (layer(feat, moved, offset) - theirs).abs().amax(dim=(1, 2, 3))

    assert (differences(torch.zeros(3, 2, bins, bins)) < 1e-4).all()
    at_border, at_end, inside = differences(torch.randn(3, 2, bins, bins))
    assert inside < 1e-4
    # The old operators leave them out of the mean: see docs/released_models.md.
    assert min(at_border, at_end) > 0.1


def test_levels_count_the_last_pixel():
    # 55.5 x 55.5 is below 56 and 56.5 x 56.5 with the last pixel above.
    rois = torch.tensor([[0, 0, 0, 55.5, 55.5], [0, 0, 0, 54.5, 54.5]])
    for pool_last_pixel in (False, True):
        legacy = extractor(pool_last_pixel=pool_last_pixel)
        feats = (torch.zeros(1, 2, 30, 30), torch.ones(1, 2, 15, 15))
        assert legacy(feats, rois)[:, 0, 1, 1].tolist() == [1, 0]


@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_unused_levels_spoil_nothing(value):
    torch.manual_seed(0)
    legacy, rois = extractor(), ROIS[:1]
    used = torch.randn(1, 2, 30, 30)
    unused = torch.full((1, 2, 15, 15), value, requires_grad=True)
    pooled = legacy((used, unused), rois)
    assert pooled.equal(legacy((used, torch.zeros(1, 2, 15, 15)), rois))
    pooled.sum().backward()
    assert (unused.grad == 0).all()  # not None, or ranks wait for each other


def test_both_levels_pool_as_the_hosts_and_enlarge():
    torch.manual_seed(0)
    feats = (torch.randn(1, 2, 30, 30), torch.randn(1, 2, 15, 15))
    rois = torch.tensor([[0, 40.0, 40, 90, 97], [0, 10, 20, 30, 43], [0, 5, 5, 70, 80]])
    host, legacy = extractor(type='SingleRoIExtractor'), extractor(pool_last_pixel=True)
    longer = rois + torch.tensor([0, 0, 0, 1, 1])
    for factor in (None, 1.3):
        assert legacy(feats, rois, factor).equal(host(feats, longer, factor))
    assert {*legacy.map_roi_levels(longer, 2).tolist()} == {0, 1}
    assert legacy(feats, rois[:0]).shape == (0, 2, 3, 3)


@pytest.mark.parametrize('pool_last_pixel', [False, True])
def test_where_rois_end(pool_last_pixel):
    torch.manual_seed(0)
    feats = (torch.randn(1, 2, 30, 30), torch.randn(1, 2, 15, 15))
    rois = ROIS[:1]
    pooled = extractor(pool_last_pixel=pool_last_pixel)(feats, rois)
    read = rois + torch.tensor([0, 0, 0, 1, 1]) * pool_last_pixel
    layer = RoIAlign(3, spatial_scale=1 / 4, sampling_ratio=2, aligned=False)
    assert torch.equal(pooled, layer(feats[0], read))


def test_enlarged_rois_grow_by_their_pixels():
    legacy = extractor()
    grown = legacy.roi_rescale(torch.tensor([[0.0, 10, 20, 19, 39]]), 1.3)[0]
    # 10 x 20 pixels about 14.5, 29.5 become 13 x 26.
    assert grown.tolist() == pytest.approx([0, 8.5, 17, 20.5, 42])
    plain = extractor(type='SingleRoIExtractor')
    plain_grown = plain.roi_rescale(torch.tensor([[0.0, 10, 20, 19, 39]]), 1.3)[0]
    further = (grown - plain_grown)[1:]
    assert further.tolist() == pytest.approx([-0.15, -0.15, 0.15, 0.15], abs=1e-4)


def test_own_layers_by_name():
    assert isinstance(
        extractor(roi_layer=dict(type='RoIMaxPool', output_size=3)).roi_layers[0],
        RoIMaxPool,
    )
    layer = dict(type='LegacyDeformRoIPool', output_size=3, in_channels=2)
    deformable = extractor(roi_layer=layer)
    assert {name for name, _ in deformable.named_parameters()} == {
        f'roi_layers.{level}.offset.{kind}'
        for level in (0, 1)
        for kind in ('weight', 'bias')
    }
    feats = (torch.rand(1, 2, 30, 30), torch.rand(1, 2, 15, 15))
    pooled = deformable(feats, ROIS)
    assert pooled.shape == (2, 2, 3, 3)
    assert math.isfinite(pooled.sum().item())
