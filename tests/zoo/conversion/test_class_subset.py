"""The classifier of cut weights predicts what the whole one predicted."""

from pathlib import Path

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.config import Config
from mmengine.hub import get_config
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401
from mmdet_plus.errors import UserError
from mmdet_plus.zoo.conversion.class_subset import (
    ALIASES,
    KNOWN_CLASSES,
    class_numbers,
    parse_classes,
    subset_state_dict,
)

ROOT = Path(__file__).parents[3]
CHOSEN = [4, 1, 0]


@pytest.mark.parametrize('agnostic', [False, True])
def test_roi_heads_keep_their_logits_and_boxes(agnostic):
    torch.manual_seed(0)

    def build(num_classes):
        return MODELS.build(
            dict(
                type='Shared2FCBBoxHead',
                in_channels=2,
                fc_out_channels=6,
                roi_feat_size=3,
                num_classes=num_classes,
                reg_class_agnostic=agnostic,
            )
        )

    whole, part = build(5), build(3)
    prefix = 'roi_head.bbox_head.'
    weights = {prefix + k: v for k, v in whole.state_dict().items()}
    cut, names = subset_state_dict(weights, 5, CHOSEN)
    assert len(names) == (2 if agnostic else 4)
    part.load_state_dict({k.removeprefix(prefix): v for k, v in cut.items()})
    feats = torch.randn(7, 2, 3, 3)
    (scores, boxes), (new_scores, new_boxes) = whole(feats), part(feats)
    torch.testing.assert_close(new_scores, scores[:, [*CHOSEN, 5]])
    if not agnostic:
        boxes = boxes.view(7, 5, 4)[:, CHOSEN].flatten(1)
    torch.testing.assert_close(new_boxes, boxes)


@pytest.mark.parametrize(
    'name',
    [
        'refinedet/refinedet320_r18_1x_shapes.py',
        'd2det/d2det_r18_fpn_1x_shapes.py',
        'double_head/double-head_r18_fpn_1x_shapes.py',
        'd2det/d2det-mask_r18_fpn_1x_shapes.py',
        'mmdet::retinanet/retinanet_r18_fpn_1x_coco.py',
        'mmdet::fcos/fcos_r50-caffe_fpn_gn-head_1x_coco.py',
        'mmdet::ms_rcnn/ms-rcnn_r50-caffe_fpn_1x_coco.py',
        'mmdet::rtmdet/rtmdet_tiny_8xb32-300e_coco.py',
        'mmdet::yolox/yolox_tiny_8xb8-300e_coco.py',
    ],
)
def test_whole_detectors(name):
    init_default_scope('mmdet')

    def build(num_classes):
        cfg = (
            get_config(name)
            if '::' in name
            else Config.fromfile(ROOT / 'configs' / name)
        )
        model = cfg.model
        model.backbone.init_cfg = None
        heads = model.get('roi_head', {'bbox_head': model.get('bbox_head')})
        for key in ('bbox_head', 'mask_head', 'mask_iou_head'):
            if key in heads:
                heads[key].num_classes = num_classes
        with torch.device('meta'):
            return MODELS.build(model).state_dict()

    whole = {k: torch.empty(v.shape) for k, v in build(11).items()}
    cut, _ = subset_state_dict(whole, 11, [10, 2, 5])
    assert {k: v.shape for k, v in cut.items()} == {
        k: v.shape for k, v in build(3).items()
    }


def test_heads_of_other_classes_stay():
    weights = {
        'bbox_head.fc_cls.bias': torch.arange(6.0),
        'bbox_head.conv_reg.bias': torch.arange(20.0),  # of five anchors
        'rpn_head.rpn_cls.bias': torch.arange(18.0),
        'arm_head.cls_convs.0.bias': torch.arange(6.0),
        'roi_head.semantic_head.conv_logits.bias': torch.arange(183.0),
    }
    cut, names = subset_state_dict(weights, 5, [0])
    assert names == ['bbox_head.fc_cls.bias']
    assert all(cut[name] is weights[name] for name in set(weights) - set(names))


def test_masks_have_no_background():
    weights = {
        'fc_cls.bias': torch.arange(2.0),
        'mask_head.conv_logits.bias': torch.arange(1.0),
        'mask_head.mask_scorer.2.bias': torch.arange(7.0),
    }
    cut, names = subset_state_dict(weights, 1, [0], 'yes')
    assert names == ['fc_cls.bias']
    weights = {'x.conv_logits.bias': torch.arange(6.0), 'x.fc_cls.bias': torch.ones(7)}
    cut, _ = subset_state_dict(weights, 6, [4, 2], 'yes')
    assert cut['x.conv_logits.bias'].tolist() == [4, 2]


def test_masks_that_know_no_classes_stay():
    weights = {'fc_cls.bias': torch.arange(6.0), 'conv_logits.bias': torch.ones(1)}
    assert subset_state_dict(weights, 5, [0, 3])[1] == ['fc_cls.bias']


def test_coco_has_all_classes_of_voc():
    numbers = class_numbers(parse_classes('coco'), parse_classes('voc'), ALIASES)
    names = [KNOWN_CLASSES['coco'][number] for number in numbers]
    assert len(set(numbers)) == 20
    assert names[0] == 'airplane'
    assert names[10] == 'dining table'
    assert names[13] == 'motorcycle'
    assert names[15] == 'potted plant'
    assert names[17] == 'couch'
    assert names[19] == 'tv'
    assert names[14] == 'person'


def test_own_names_go_before_aliases_and_aliases_work_both_ways():
    aliases = {'sofa': 'couch'}
    assert class_numbers(['couch', 'sofa'], ['sofa'], aliases) == [1]
    assert class_numbers(['sofa'], ['couch'], aliases) == [0]


def test_background_option_decides():
    weights = {'fc_cls.bias': torch.arange(30.0)}
    assert len(subset_state_dict(weights, 5, [0], 'yes')[0]['fc_cls.bias']) == 10
    assert len(subset_state_dict(weights, 5, [0], 'no')[0]['fc_cls.bias']) == 6
    with pytest.raises(UserError):
        subset_state_dict({'fc_cls.bias': torch.zeros(6)}, 5, [0], 'no')


@pytest.mark.parametrize(
    ('names', 'message'),
    [('a,b,a', '--to names classes twice: a'), (',', '--to names no class')],
)
def test_each_class_once(names, message):
    with pytest.raises(UserError, match=message):
        class_numbers(['a', 'b'], parse_classes(names), {})
