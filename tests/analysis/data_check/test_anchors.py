import numpy as np
from mmengine.config import Config
from samples.labelled_folders import coco_content

from mmdet_plus.analysis.data_check.anchors import anchor_recall, shape_ious


def detector(scales, **changes):
    generator = dict(
        type='AnchorGenerator', strides=[8], ratios=[1.0], scales=scales, **changes
    )
    return Config(dict(model=dict(rpn_head=dict(anchor_generator=generator))))


def test_ious_of_shapes():
    found = shape_ious(np.array([[4.0, 2], [2, 2]]), np.array([[2.0, 2], [4, 4]]))
    assert found.tolist() == [[0.5, 0.5], [1.0, 0.25]]


def test_share_of_objects_with_an_anchor():
    # Objects: 10x10, 20x15, 10x5, 20x10 and twice 8x8; the anchor is 8x8.
    content = coco_content(('a', 'b', 'c', 'e'))
    assert anchor_recall(detector([1]), content, None) == {
        'IoU 0.5': round(4 / 6, 4),
        'IoU 0.7': round(2 / 6, 4),
    }
    # At half the size 16x16 anchors fit nothing, at double the size most.
    assert anchor_recall(detector([2]), content, (20, 10))['IoU 0.5'] == 0
    assert anchor_recall(detector([2]), content, (80, 40))['IoU 0.5'] > 0.6


def test_images_are_scaled_into_both_sides():
    # An image of 40x20 becomes 80x40; its objects 20x20 and 40x30, the anchor is 16x16.
    recall = anchor_recall(detector([2]), coco_content(('a',)), (80, 80))
    assert recall == {'IoU 0.5': 0.5, 'IoU 0.7': 0.0}


def test_limits_are_reached_by_equal_ious():
    content = coco_content(('a',))
    content['annotations'] = content['annotations'][:1]
    content['annotations'][0]['bbox'] = [0, 0, 8, 4]
    assert anchor_recall(detector([1]), content, None)['IoU 0.5'] == 1


def test_anchors_of_all_levels_and_stages_count():
    content = coco_content(('a', 'b'))  # 10x10, 20x15 and 10x5
    levels = detector([1])
    levels.model.rpn_head.anchor_generator.strides = [100, 10]
    assert anchor_recall(levels, content, None)['IoU 0.7'] == round(1 / 3, 4)
    heads = [dict(anchor_generator=levels.model.rpn_head.anchor_generator)]
    stages = Config(dict(model=dict(rpn_head=dict(type='X'), stages=heads)))
    assert anchor_recall(stages, content, None)['IoU 0.7'] == round(1 / 3, 4)


def test_without_objects_there_is_no_recall():
    assert anchor_recall(detector([1]), coco_content(('d',)), None) == {}


def test_points_are_no_anchors():
    points = dict(type='MlvlPointGenerator', strides=[8])
    cfg = Config(dict(model=dict(head=dict(anchor_generator=points))))
    assert anchor_recall(cfg, coco_content(('a',)), None) == {}


def test_detectors_without_anchors():
    assert anchor_recall(Config(dict(model={})), coco_content(('a',)), None) == {}
