import pytest

from mmdet_plus.engine.class_counts import check_class_counts, iter_class_counts
from mmdet_plus.engine.error_reporting import UserError


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
    check_class_counts(model(num_classes=3), 3, 'data')
    with pytest.raises(UserError, match=r'bbox_head\.0\.num_classes=2$'):
        check_class_counts(model(num_classes=3), 2, 'data')
