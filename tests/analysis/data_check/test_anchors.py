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


def test_detectors_without_anchors():
    assert anchor_recall(Config(dict(model={})), coco_content(('a',)), None) == {}
