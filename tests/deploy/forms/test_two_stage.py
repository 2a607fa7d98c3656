"""Whole two-stage detectors: the form finds what the detector finds."""

import copy

import pytest
from samples import dcr
from samples.configs import load_config
from samples.deploy import (
    CONFIGS,
    assert_form_equals_detector,
    build,
    run_form,
    two_images,
)

import mmdet_plus  # noqa: F401

SHAPES = [
    'd2det/d2det_tiny_shapes.py',
    'cpm_rcnn/cpm-rcnn_tiny_shapes.py',
    'double_head/dh-ext-faster-rcnn_tiny_shapes.py',
    'double_head/double-head_r18_fpn_1x_shapes.py',
    'd2det/d2det-mask_r18_fpn_1x_shapes.py',
    'd2det/mask-rcnn_r18_fpn_1x_shapes.py',
]


@pytest.mark.parametrize('name', SHAPES)
def test_detectors_of_configs(name):
    model = build(load_config(CONFIGS / name).model)
    assert assert_form_equals_detector(model, two_images(128, 160)) > 2


def test_mmdetections_faster_rcnn():
    model = build(dcr.detector_config())
    assert assert_form_equals_detector(model, two_images(), 30) == 60


def test_boxes_of_one_class_for_all():
    cfg = dcr.detector_config()
    cfg.roi_head.bbox_head.reg_class_agnostic = True
    assert assert_form_equals_detector(build(cfg), two_images(), 30) == 60


@pytest.mark.parametrize('kind', ['soft_nms', 'nms'])
@pytest.mark.parametrize('class_agnostic', [False, True])
def test_kinds_of_suppression(kind, class_agnostic):
    cfg = dcr.detector_config()
    cfg.test_cfg.rcnn.nms = dict(
        type=kind, iou_threshold=0.4, class_agnostic=class_agnostic
    )
    assert assert_form_equals_detector(build(cfg), two_images(), 30) > 20


def test_small_proposals_can_be_left_out():
    cfg = dcr.detector_config()
    cfg.test_cfg.rpn.min_bbox_size = 12
    assert assert_form_equals_detector(build(cfg), two_images(), 30) > 20


def cascade(agnostic: bool):
    cfg = dcr.detector_config()
    head = {**cfg.roi_head.bbox_head, 'reg_class_agnostic': agnostic}
    cfg.type = 'CascadeRCNN'
    cfg.roi_head.update(
        type='CascadeRoIHead',
        num_stages=2,
        stage_loss_weights=[1, 0.5],
        bbox_head=[head, copy.deepcopy(head)],
    )
    cfg.train_cfg.rcnn = [cfg.train_cfg.rcnn] * 2
    return cfg


@pytest.mark.parametrize('agnostic', [True, False])
def test_cascade(agnostic):
    model = build(cascade(agnostic))
    assert assert_form_equals_detector(model, two_images(), 30) > 20


def test_nothing_above_the_threshold():
    cfg = dcr.detector_config()
    cfg.test_cfg.rcnn.score_thr = 1.0
    outputs = run_form(build(cfg), two_images())
    assert {name: values.shape for name, values in outputs.items()} == dict(
        boxes=(0, 4), scores=(0,), labels=(0,), image_ids=(0,)
    )


def test_the_caller_keeps_the_detector():
    model = build(dcr.detector_config())
    before = {name: id(module) for name, module in model.named_modules()}
    run_form(model, two_images())
    assert {name: id(module) for name, module in model.named_modules()} == before
