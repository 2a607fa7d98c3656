import pytest
import torch
from mmdet.registry import MODELS
from mmengine.hub import get_config
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401
from mmdet_plus.cli.preflight import model_parts
from mmdet_plus.cli.preflight.model_parts import (
    check_class_counts,
    iter_class_counts,
    iter_initial_weights,
    iter_needed_checkpoints,
    predicts_masks,
    set_class_counts,
)
from mmdet_plus.errors import UserError


def model(**bbox_head):
    return dict(
        type='FasterRCNN',
        backbone=dict(type='ResNet', num_classes=1000),
        rpn_head=dict(type='RPNHead', num_classes=1),
        roi_head=dict(
            type='CascadeRoIHead',
            bbox_head=[dict(type='Shared2FCBBoxHead', **bbox_head)],
        ),
    )


def test_counts_are_found_in_lists_but_not_in_class_agnostic_parts():
    key = 'model.roi_head.bbox_head.0.num_classes'
    assert list(iter_class_counts(model(num_classes=3))) == [(key, 3)]


@pytest.mark.parametrize('head', [dict(), dict(num_classes=None)])
def test_only_what_is_stated_counts(head):
    assert list(iter_class_counts(model(**head))) == []


def test_difference_is_told_with_the_repair():
    counts = {'model.roi_head.bbox_head.0.num_classes': 3}
    check_class_counts(counts, 3, 'data')
    with pytest.raises(UserError, match=r'bbox_head\.0\.num_classes=2$'):
        check_class_counts(counts, 2, 'data')


def test_classes_of_ours_name_parts_that_count_otherwise():
    arm = dict(type='AnchorRefinementHead', num_classes=2)
    odm = dict(type='ObjectDetectionHead', num_classes=3)
    parts = dict(arm_head=arm, bbox_head=odm)
    key = 'model.bbox_head.num_classes'
    assert list(iter_class_counts(dict(type='RefineDet', **parts))) == [(key, 3)]
    # The name alone says nothing.
    counts = dict(iter_class_counts(dict(type='FasterRCNN', **parts)))
    assert counts == {'model.arm_head.num_classes': 2, key: 3}


def test_checkpoints_that_parts_load_are_found_inside_wrappers():
    frozen = dict(type='FrozenBaseDCR', detector_checkpoint='d.pth')
    model = dict(type='DetTTAModel', module=frozen)
    ((key, path, advice),) = iter_needed_checkpoints(model)
    assert (key, path) == ('model.module.detector_checkpoint', 'd.pth')
    assert f'--cfg-options {key}=None' in advice
    frozen['detector_checkpoint'] = None
    assert list(iter_needed_checkpoints(model)) == []


BOX_MODEL = dict(
    type='FasterRCNN', roi_head=dict(type='StandardRoIHead', mask_head=None)
)
MASK_MODEL = dict(type='MaskRCNN', roi_head=dict(mask_head=dict(type='FCNMaskHead')))


@pytest.mark.parametrize(
    ('model', 'expected'),
    [
        (BOX_MODEL, False),
        (dict(test_cfg=dict(rcnn=dict(mask_thr_binary=0.5))), False),
        (MASK_MODEL, True),
        (dict(roi_head=dict(mask_head=[dict(type='HTCMaskHead')])), True),
        (dict(panoptic_head=dict(type='X')), True),
        (dict(bbox_head=dict(type='RTMDetInsSepBNHead')), True),
    ],
)
def test_predicts_masks(model, expected):
    assert predicts_masks(model) is expected


@pytest.mark.parametrize(
    'name',
    [
        'cascade_rcnn/cascade-mask-rcnn_r50_fpn_1x_coco.py',
        'retinanet/retinanet_r18_fpn_1x_coco.py',
        'mask2former/mask2former_r50_8xb2-lsj-50e_coco.py',
        'htc/htc_r50_fpn_1x_coco.py',
        'rtmdet/rtmdet-ins_tiny_8xb32-300e_coco.py',
    ],
)
def test_every_head_of_the_host_counts_the_classes_of_the_data(name):
    init_default_scope('mmdet')
    config = get_config(f'mmdet::{name}').model
    set_class_counts(config, 3)
    with torch.device('meta'):
        model = MODELS.build(config)
    counts = {
        name: part.num_classes
        for name, part in model.named_modules()
        if getattr(part, 'num_classes', None) and 'backbone' not in name
    }
    foreign = {'rpn_head': 1, 'roi_head.semantic_head': 183}
    assert {n: c for n, c in counts.items() if n not in foreign and c != 3} == {}
    assert 3 in counts.values()


def test_parts_that_state_no_number_get_one_and_weights_follow():
    head = dict(type='Shared2FCBBoxHead')
    former = dict(
        type='Mask2FormerHead',
        num_things_classes=80,
        num_stuff_classes=0,
        loss_cls=dict(class_weight=[1.0] * 80 + [0.1]),
    )
    model = dict(roi_head=dict(bbox_head=head), panoptic_head=former)
    set_class_counts(model, 2)
    assert head['num_classes'] == former['num_things_classes'] == 2
    assert former['loss_cls']['class_weight'] == [1.0, 1.0, 0.1]
    with pytest.raises(UserError, match='reads its classes from text'):
        set_class_counts(dict(type='GLIP', language_model={}), 2)


@pytest.mark.parametrize('wrap', [lambda c: c, lambda c: [dict(type='Normal'), c]])
def test_weights_of_init_cfg_are_found_with_what_to_do_without(wrap):
    start = dict(type='Pretrained', checkpoint='start.pth')
    parts = dict(type='FasterRCNN', backbone=dict(type='ResNet', init_cfg=wrap(start)))
    ((key, path, advice),) = iter_initial_weights(parts)
    assert key.startswith('model.backbone.init_cfg')
    assert key.endswith('.checkpoint')
    assert path == 'start.pth'
    assert advice == 'model.backbone.init_cfg=None trains without these weights'


@pytest.mark.parametrize(
    ('path', 'message'),
    [(None, 'must be a path, got None'), ('torchvision://resnet50', 'not installed')],
)
def test_weights_of_init_cfg_that_cannot_be_had(monkeypatch, path, message):
    monkeypatch.setattr(model_parts, 'find_spec', lambda name: None)
    start = dict(type='Pretrained', checkpoint=path)
    parts = dict(type='FasterRCNN', backbone=dict(type='ResNet', init_cfg=start))
    with pytest.raises(UserError, match=message):
        list(iter_initial_weights(parts))
