import math

import numpy as np
import pytest
from pycocotools import mask as coco_masks

from mmdet_plus.datasets.folders.segmentations import (
    usable,
    why_no_mask,
    with_masks,
)

IMAGE = dict(width=40, height=20)
SQUARE = [4, 2, 14, 2, 14, 12, 4, 12]


def packed(mask):
    rle = coco_masks.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(rle, counts=rle['counts'].decode())


@pytest.mark.parametrize('seed', range(20))
def test_what_pycocotools_writes_is_read(seed):
    rng = np.random.default_rng(seed)
    mask = rng.random((20, 40)) < rng.random()
    assert why_no_mask(packed(mask), IMAGE) is None
    cut = dict(packed(mask), counts=packed(mask)['counts'][:-1])
    assert 'an RLE whose counts' in why_no_mask(cut, IMAGE)


def test_large_masks_are_read():
    mask = np.zeros((3000, 4000), np.uint8)
    mask[100:2900, 500:3900] = 1
    assert why_no_mask(packed(mask), dict(width=4000, height=3000)) is None


@pytest.mark.parametrize(
    'segmentation',
    [
        [SQUARE],
        [SQUARE, [1, 1, 3.5, 1, 3, 3]],
        [[-3, 2, 43, 2, 14, 21]],
        dict(size=[20, 40], counts=[0, 800]),
        dict(size=[20, 40], counts=[100, 600, 100]),
    ],
)
def test_good_ones(segmentation):
    assert why_no_mask(segmentation, IMAGE) is None


@pytest.mark.parametrize(
    ('segmentation', 'reason'),
    [
        ('text', 'neither a list'),
        (SQUARE, 'not of polygons'),
        ([[1, 2, 3]], 'polygon of 3 numbers'),
        ([SQUARE, [1, 2, 3, 4]], 'polygon of 4 numbers'),
        ([SQUARE[:7]], 'polygon of 7 numbers'),
        ([[[1, 2], [3, 4], [5, 6]]], 'polygon of 3 numbers'),
        ([[1, 2, math.nan, 4, 5, 6]], 'no finite number'),
        ([[1, 2, math.inf, 4, -math.inf, 6]], 'no finite number'),
        ([[1, 2, '3', 4, 5, 6]], 'no finite number'),
        ([[1, 2, None, 4, 5, 6]], 'no finite number'),
        ([[1, 2, 10**400, 4, 5.0, 6]], 'no finite number'),
        ([[1, 2, 1e9, 4, 5, 6]], 'leaves the image'),
        ([[1, 2, -1e9, 4, 5, 6]], 'leaves the image'),
        (dict(counts=[0, 800]), 'an RLE of size None'),
        (dict(size=[40, 20], counts=[0, 800]), 'an RLE of size'),
        (dict(size=[20, 40]), 'cannot be decoded'),
        (dict(size=[20, 40], counts=''), 'cannot be decoded'),
        (dict(size=[20, 40], counts=[]), 'cannot be decoded'),
        (dict(size=[20, 40], counts=[0, 800.0]), 'cannot be decoded'),
        (dict(size=[20, 40], counts='not counts!'), 'cannot be decoded'),
        (dict(size=[20, 40], counts='äöü'), 'cannot be decoded'),
        (dict(size=[20, 40], counts='o' * 30 + '1'), 'cannot be decoded'),
        (dict(size=[20, 40], counts=[0, 799]), 'fill 799 of 800'),
        (dict(size=[20, 40], counts=[-1, 801]), 'cannot be decoded'),
        (dict(size=[20, 40], counts=[0, 10**30]), 'of 800 pixels'),
    ],
)
def test_bad_ones(segmentation, reason):
    assert reason in why_no_mask(segmentation, IMAGE)


@pytest.mark.parametrize('nothing', [None, [], {}, [[]], [[1, 2, 3, 4]], [SQUARE[:7]]])
def test_objects_without_mask_are_left_out(nothing):
    items = [dict(id=1, segmentation=[SQUARE, [1, 2, 3, 4]]), dict(id=2)]
    items += [dict(id=3, segmentation=nothing)]
    assert with_masks(items) == [dict(id=1, segmentation=[SQUARE])]
    assert items[0]['segmentation'] == [SQUARE, [1, 2, 3, 4]]


def test_run_lengths_are_not_touched():
    rle = dict(size=[20, 40], counts=[0, 800])
    assert usable(rle) is rle
