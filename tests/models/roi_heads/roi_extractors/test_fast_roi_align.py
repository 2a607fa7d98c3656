import pytest
import torch
from mmdet.registry import MODELS

import mmdet_plus  # noqa: F401

FEATS = tuple(
    torch.randn(2, 8, size, size, generator=torch.Generator().manual_seed(size))
    for size in (64, 32, 16)
)


def random_rois(num):
    generator = torch.Generator().manual_seed(0)
    corners = torch.rand(num, 2, generator=generator) * 200 - 10
    sizes = torch.rand(num, 2, generator=generator) * 200
    images = torch.arange(num)[:, None] % 2
    return torch.cat([images, corners, corners + sizes], dim=1)


def extractor(layer, kind='SingleRoIExtractor', **settings):
    return MODELS.build(
        dict(
            type=kind,
            roi_layer=dict(type=layer, output_size=7, **settings),
            out_channels=8,
            featmap_strides=[4, 8, 16],
        )
    )


@pytest.mark.parametrize('kind', ['SingleRoIExtractor', 'GenericRoIExtractor'])
@pytest.mark.parametrize(
    'settings',
    [
        dict(),
        dict(sampling_ratio=2),
        dict(sampling_ratio=0),
        dict(sampling_ratio=2, aligned=False),
        dict(sampling_ratio=2, pool_mode='max'),
    ],
)
def test_is_the_roi_align_of_mmcv(kind, settings):
    results = []
    for layer in ('FastRoIAlign', 'RoIAlign'):
        feats = [feat.clone().requires_grad_() for feat in FEATS]
        pooled = extractor(layer, kind, **settings)(feats, random_rois(40))
        weights = torch.linspace(-1, 1, pooled.numel()).view_as(pooled)
        grads = torch.autograd.grad((pooled * weights).sum(), feats)
        results.append((pooled, *grads))
    for ours, theirs in zip(*results, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=1e-4)


def test_also_in_bfloat16():
    feats = [feat.bfloat16() for feat in FEATS]
    rois = random_rois(10).bfloat16()
    pooled = extractor('FastRoIAlign', sampling_ratio=2)(feats, rois)
    assert pooled.dtype == torch.bfloat16
    wide = [feat.float() for feat in feats]
    expected = extractor('RoIAlign', sampling_ratio=2)(wide, rois.float())
    torch.testing.assert_close(pooled.float(), expected, rtol=1e-2, atol=1e-2)


def test_no_rois():
    pooled = extractor('FastRoIAlign')(FEATS, torch.empty(0, 5))
    assert pooled.shape == (0, 8, 7, 7)
