from itertools import pairwise

import pytest
import torch
from mmcv.ops import roi_align
from mmdet.registry import MODELS
from torch.nn import functional as F

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.roi_extractors import (
    discriminative_roi_extractor as module,
)
from tests.samples.released_pooling import position_sensitive_pool

STRIDES = [4, 8]
ROIS = torch.tensor(
    [[0, 4.0, 6, 40, 30], [1, 0, 0, 63, 63], [1, 10, 20, 200, 190], [0, 5, 5, 180, 200]]
)


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='DiscriminativeRoIExtractor',
        out_channels=8,
        featmap_strides=STRIDES,
        offset_channels=16,
    )
    return MODELS.build({**config, **kwargs})


@pytest.fixture
def feats():
    torch.manual_seed(1)
    return tuple(torch.randn(2, 8, 256 // s, 256 // s) for s in STRIDES)


def wake(extractor):
    """Leave the starting point of zero offsets and uniform weights."""
    for predictor, pooling in zip(
        extractor.offset_predictors, extractor.poolings, strict=True
    ):
        torch.nn.init.normal_(predictor.layers[-1].weight, std=0.5)
        if hasattr(pooling, 'conv'):
            torch.nn.init.normal_(pooling.conv.weight, std=0.1)
    return extractor


def plain_pool(feats, level, rois, sampling_ratio=2):
    """The paper's special case: zero offsets and uniform weights."""
    scale = 1 / STRIDES[level]
    samples = roi_align(
        feats[level], rois, (14, 14), scale, sampling_ratio, 'avg', True
    )
    return F.avg_pool2d(samples, 3, 2, 1, count_include_pad=False)


@pytest.mark.parametrize('sampling_ratio', [1, 2])
def test_starts_as_roi_align_and_average_pooling(sampling_ratio, feats):
    pooled = build(sampling_ratio=sampling_ratio)(feats, ROIS)
    for level, rois in ((0, [0, 1]), (1, [2, 3])):
        want = plain_pool(feats, level, ROIS[rois], sampling_ratio)
        torch.testing.assert_close(pooled[rois], want)


def test_offsets_are_predicted_from_a_coarse_roi_align(feats):
    extractor, seen = build(), []
    extractor.offset_predictors[0].register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0])
    )
    extractor(feats, ROIS[:2])
    want = roi_align(feats[0], ROIS[:2], (3, 3), 1 / STRIDES[0], 2, 'avg', True)
    torch.testing.assert_close(seen, [want])


@pytest.mark.parametrize('gamma', [0.1, 0.25])
def test_offsets_are_fractions_of_the_roi(gamma, feats):
    extractor = build(adaptive_weighting=False, offset_scale=gamma)
    bias = torch.zeros(2, 7, 7)
    bias[0] = 1.0  # all sub-regions by gamma of the width of 36 px
    extractor.offset_predictors[0].layers[-1].bias.data = bias.flatten()
    moved = ROIS[:1] + gamma * torch.tensor([0, 36.0, 0, 36, 0])
    torch.testing.assert_close(
        extractor(feats, ROIS[:1]), build(adaptive_weighting=False)(feats, moved)
    )


def test_samples_of_a_sub_region_move_together(feats):
    extractor, samples = build(), []
    extractor.poolings[0].register_forward_pre_hook(
        lambda _, inputs: samples.append(inputs[0])
    )
    extractor(feats, ROIS[:1])
    bias = extractor.offset_predictors[0].layers[-1].bias.data.view(2, 7, 7)
    bias[:, 2, 4] = 1.0
    extractor(feats, ROIS[:1])
    moved = torch.zeros(14, 14, dtype=torch.bool)
    moved[4:6, 8:10] = True
    assert torch.equal((samples[0] != samples[1]).any(1)[0], moved)


def test_weights_follow_the_formula(feats):
    extractor = wake(build())
    pooling = extractor.poolings[0]
    samples = torch.randn(3, 8, 14, 14)
    weights = (12 * pooling.norm(pooling.conv(samples)).sigmoid()).exp()
    want = F.avg_pool2d(samples * weights, 3, 2, 1) / F.avg_pool2d(weights, 3, 2, 1)
    torch.testing.assert_close(pooling(samples), want)
    assert weights.max() > 2 * weights.min()


def test_offset_prediction_is_light_weight():
    # Sec. 3.2: about one fourth of the parameters of standard deformable RoI pooling.
    extractor = MODELS.build(
        dict(type='DiscriminativeRoIExtractor', out_channels=256, featmap_strides=[4])
    )
    ours = sum(p.numel() for p in extractor.offset_predictors[0].parameters())
    widths = [7 * 7 * 256, 1024, 1024, 2 * 7 * 7]
    standard = sum((a + 1) * b for a, b in pairwise(widths))
    assert 0.2 < ours / standard < 0.3


@pytest.mark.parametrize('share', [True, False])
def test_parameters_are_per_level_unless_shared(share, feats):
    extractor = wake(build(share_across_levels=share))
    assert len(extractor.poolings) == (1 if share else 2)
    large, small = torch.zeros(1, 5), torch.zeros(1, 5)
    large[0, 3:], small[0, 3:] = 200, 40
    extractor(feats, large).sum().backward()
    touched = extractor.offset_predictors[0].layers[0].weight.grad.abs().sum() > 0
    assert touched == share


def test_every_parameter_and_level_learns(feats):
    extractor = wake(build())
    levels = [f.requires_grad_() for f in feats]
    extractor(tuple(levels), ROIS).square().sum().backward()
    for name, parameter in extractor.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
    assert all(level.grad.abs().sum() > 0 for level in levels)


@pytest.mark.parametrize('rois', [ROIS[:1], ROIS[:0]])
def test_unused_levels_stay_in_the_graph(rois, feats):
    extractor = build()
    pooled = extractor(feats, rois)
    assert pooled.shape == (len(rois), 8, 7, 7)
    pooled.sum().backward()
    assert all(p.grad is not None for p in extractor.parameters())


@pytest.mark.parametrize('training', [False, True])
@pytest.mark.parametrize('value', [float('nan'), float('inf')])
def test_unused_levels_spoil_nothing(training, value, feats):
    extractor = wake(build()).train(training)
    expected = extractor(feats, ROIS[:1])
    spoilt = feats[0], torch.full_like(feats[1], value)
    assert extractor(spoilt, ROIS[:1]).equal(expected)


@pytest.mark.parametrize('count', [1, 16, 40])
def test_pieces_equal_the_whole(count, feats, monkeypatch):
    rois = ROIS[torch.arange(count) % len(ROIS)]
    extractor = wake(build())
    results = []
    for piece in (16, 1000):
        monkeypatch.setattr(module, 'PIECE', piece)
        extractor.zero_grad()
        pooled = extractor(feats, rois)
        pooled.square().sum().backward()
        grads = [p.grad.clone() for p in extractor.parameters()]
        results.append((pooled.detach(), grads))
    torch.testing.assert_close(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-4, atol=1e-4)


def test_one_weight_for_all_channels(feats):
    extractor = wake(build(weights_per_channel=False))
    pooling = extractor.poolings[0]
    assert pooling.conv.weight.shape == (1, 8, 3, 3)
    samples = torch.randn(3, 8, 14, 14)
    weights = (12 * pooling.norm(pooling.conv(samples)).sigmoid()).exp()
    expected = F.avg_pool2d(samples * weights, 3, 2, 1) / F.avg_pool2d(weights, 3, 2, 1)
    torch.testing.assert_close(pooling(samples), expected)
    extractor(feats, ROIS).sum().backward()
    assert pooling.conv.weight.grad.abs().sum() > 0


def test_the_coarse_map_is_sampled_as_the_fine_one():
    for ratio in (1, 2):
        extractor = build(sampling_ratio=ratio)
        assert {layer.sampling_ratio for layer in extractor.coarse_layers} == {ratio}
    extractor = build(sampling_ratio=1, coarse_sampling_ratio=2)
    assert extractor.coarse_layers[0].sampling_ratio == 2


def test_rows_follow_the_rois(feats):
    extractor = wake(build())
    pooled = extractor(feats, ROIS)
    order = torch.tensor([2, 0, 3, 1])
    torch.testing.assert_close(extractor(feats, ROIS[order]), pooled[order])


def test_batch_of_two_is_two_of_one(feats):
    extractor = wake(build())
    pooled = extractor(feats, ROIS)
    for image in range(2):
        rois = ROIS[ROIS[:, 0] == image].clone()
        rois[:, 0] = 0
        alone = extractor(tuple(f[image : image + 1] for f in feats), rois)
        torch.testing.assert_close(pooled[ROIS[:, 0] == image], alone)


def test_scale_factor_enlarges_the_rois_on_their_own_level(feats):
    # 29 px go to the first level, as 59 px they would go to the second.
    extractor = build(finest_scale=28)
    enlarged = torch.tensor([[0, -14.0, -6, 58, 42]])
    torch.testing.assert_close(
        extractor(feats, ROIS[:1], roi_scale_factor=2.0),
        plain_pool(feats, 0, enlarged),
    )
    torch.testing.assert_close(
        extractor(feats, enlarged), plain_pool(feats, 1, enlarged)
    )


def test_no_weighting_is_average_pooling(feats):
    plain = build(adaptive_weighting=False)
    torch.testing.assert_close(plain(feats, ROIS), build()(feats, ROIS))
    assert not any('poolings' in name for name, _ in plain.named_parameters())


def test_bfloat16_autocast(feats):
    extractor = wake(build())
    want = extractor(feats, ROIS)
    with torch.autocast('cpu', torch.bfloat16):
        half = extractor(tuple(f.bfloat16() for f in feats), ROIS)
    assert half.dtype == torch.bfloat16
    torch.testing.assert_close(half.float(), want, atol=0.15, rtol=0.15)


def test_weights_are_float32_under_autocast(feats, monkeypatch):
    pool, dtypes = module.local_importance_pool2d, []

    def record(samples, logits, *window):
        dtypes.append((samples.dtype, logits.dtype))
        return pool(samples, logits, *window)

    monkeypatch.setattr(module, 'local_importance_pool2d', record)
    with torch.autocast('cpu', torch.bfloat16):
        build()(tuple(f.bfloat16() for f in feats), ROIS[:1])
    assert dtypes == [(torch.bfloat16, torch.float32)]


@pytest.mark.parametrize('sampling_ratio', [1, 2])
def test_released_models_are_sampled_as_the_old_operator_did(sampling_ratio, feats):
    rois = torch.tensor([[0, 20.4, 26.5, 90.2, 100.7]])
    extractor = build(
        sampling_ratio=sampling_ratio,
        coarse_sampling_ratio=sampling_ratio,
        released_sampling=True,
    )
    wake(extractor)
    feat = feats[0][0]

    def pool(bins, offset=None):
        return position_sensitive_pool(
            feat, rois[:, 1:], bins, sampling_ratio, 1 / 4, offset
        )

    offset = extractor.offset_predictors[0](pool(3))
    offset = offset.repeat_interleave(2, 2).repeat_interleave(2, 3)
    expected = extractor.poolings[0](pool(14, offset))
    torch.testing.assert_close(extractor(feats, rois), expected, atol=1e-4, rtol=0)


def test_released_models_count_the_last_pixel_for_the_level(feats):
    # 111.5 pixels without the last one, which is below 112.
    rois = torch.tensor([[0, 10.0, 10, 121.5, 121.5]])
    extractor = build(released_sampling=True)
    chosen = [f.clone() for f in feats]
    chosen[0] += 5
    assert torch.equal(extractor(chosen, rois), extractor(feats, rois))
    assert not torch.equal(build()(chosen, rois), build()(feats, rois))
