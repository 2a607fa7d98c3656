"""Single-stage detectors: the form finds what the detector finds."""

import pytest
from samples.configs import load_config
from samples.deploy import CONFIGS, assert_form_equals_detector, build, two_images

import mmdet_plus  # noqa: F401

NAMES = [
    'refinedet/refinedet320_tiny_shapes.py',
    'refinedet/refinedet320-no-filtering_r18_1x_shapes.py',
    'refinedet/refinedet320-no-tcb_r18_1x_shapes.py',
    'refinedet/refinedet320-one-step_r18_1x_shapes.py',
]


@pytest.mark.parametrize('name', NAMES)
def test_detectors_of_configs(name):
    model = build(load_config(CONFIGS / name).model)
    assert assert_form_equals_detector(model, two_images(128, 192)) > 20


def test_a_final_suppression():
    config = load_config(CONFIGS / NAMES[0]).model
    config.test_cfg.nms.iou_threshold = 0.8
    config.test_cfg.final_nms = dict(type='soft_nms', iou_threshold=0.3)
    model = build(config)
    assert assert_form_equals_detector(model, two_images(128, 192)) > 20


def test_ssd_takes_the_best_of_each_level():
    name = next(CONFIGS.glob('*/ssd320_r18_1x_shapes.py'))
    config = load_config(name).model
    config.test_cfg.nms_pre = 30
    model = build(config)
    assert assert_form_equals_detector(model, two_images(320, 320)) > 20
