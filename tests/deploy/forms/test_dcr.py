"""DCR: the form finds what the detector finds."""

import pytest
from mmengine.config import ConfigDict
from samples import dcr
from samples.configs import load_config
from samples.deploy import CONFIGS, assert_form_equals_detector, build, two_images


def region(**changes):
    return dict(
        type='RegionRefiner',
        tail=dict(type='ResNetTail', depth=18, base_channels=8, norm_eval=True),
        num_shared_stages=1,
        crop_size=32,
        num_classes=dcr.NUM_CLASSES,
        **changes,
    )


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
@pytest.mark.parametrize(
    'changes',
    [
        {},
        dict(num_image_stages=1, with_reg=True),
        dict(top_p=0.35, fusion='average'),
        dict(top_p=0.3, with_reg=True),
        dict(top_p=0.07, with_reg=True),
    ],
)
def test_shared_base(refine_at, changes):
    cfg = dcr.shared_config(region(**changes), refine_at)
    model = build(cfg)
    assert assert_form_equals_detector(model, two_images(), 30) > 20


@pytest.mark.parametrize('refine_at', ['pre_nms', 'post_nms'])
def test_frozen_base(refine_at):
    cfg = ConfigDict(
        type='FrozenBaseDCR',
        detector=dcr.detector_config(),
        refiner=dict(dcr.crop_config(top_p=0.5), input_std=[20.0, 30.0, 40.0]),
        refine_at=refine_at,
        data_preprocessor=dict(type='DetDataPreprocessor', pad_size_divisor=32),
    )
    model = build(cfg)
    assert assert_form_equals_detector(model, two_images(), 30) > 20


def test_tiny_config():
    model = build(load_config(CONFIGS / 'dcr/faster-rcnn-dcrv2_tiny_shapes.py').model)
    assert assert_form_equals_detector(model, two_images(128, 160)) > 2
