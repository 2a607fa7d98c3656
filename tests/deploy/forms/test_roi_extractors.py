"""RoI extractors: the form pools what the component pools."""

import pytest
import torch
from mmdet.registry import MODELS

import mmdet_plus  # noqa: F401
from mmdet_plus.deploy.forms import make_form

ALIGN = dict(type='RoIAlign', output_size=3, sampling_ratio=2)


@pytest.mark.parametrize('factor', [None, 1.3])
@pytest.mark.parametrize('strides', [[4], [4, 8]])
@pytest.mark.parametrize('kind', ['SingleRoIExtractor', 'LegacyRoIExtractor'])
def test_enlarged_rois(kind, strides, factor):
    extractor = MODELS.build(
        dict(
            type=kind,
            roi_layer=ALIGN,
            out_channels=2,
            featmap_strides=strides,
            finest_scale=28,
        )
    )
    torch.manual_seed(0)
    feats = tuple(torch.rand(2, 2, 96 // stride, 128 // stride) for stride in strides)
    rois = torch.tensor(
        [[0.0, 4, 6, 30, 28], [1.0, 10, 20, 90, 80], [1.0, 50, 40, 66, 61]]
    )
    expected = extractor(feats, rois, roi_scale_factor=factor)
    found = make_form(extractor, 'model')(feats, rois, factor)
    torch.testing.assert_close(found, expected)
