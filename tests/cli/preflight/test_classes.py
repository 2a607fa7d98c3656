import pytest

from mmdet_plus.cli.preflight.classes import (
    check_class_counts,
    iter_class_counts,
    no_class_error,
)
from mmdet_plus.errors import UserError

FOUND = ('names', ('a', 'b'))
COUNTS = ['model.bbox_head.num_classes']


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


def message(key, found=FOUND, counts=COUNTS):
    return str(no_class_error('no class', key, ('x', 'y'), found, counts))


def test_both_lists_and_the_repair_are_told():
    text = message('train_dataloader.dataset')
    assert text.startswith('no class.\n  classes of the config: x, y\n  names: a, b\n')
    assert "metainfo=dict(classes=('a', 'b'))" in text
    assert '"val_dataloader.dataset.metainfo.classes=(a,b)"' in text
    assert text.endswith('model.bbox_head.num_classes=2')


def test_option_for_a_dataset_inside_a_wrapper_is_its_own():
    key = 'train_dataloader.dataset.datasets.1'
    text = message(key, counts=[])
    assert text.endswith(f'--cfg-options "{key}.metainfo.classes=(a,b)"')
