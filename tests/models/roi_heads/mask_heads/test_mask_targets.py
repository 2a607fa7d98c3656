import numpy as np
import pytest
import torch
from mmdet.structures.mask import BitmapMasks, PolygonMasks

from mmdet_plus.models.roi_heads.mask_heads.mask_targets import (
    bitmaps_of,
    crop_masks,
    mask_ious,
    overlap_of_masks,
)


def test_crops_equal_the_loop_over_rois():
    torch.manual_seed(0)
    bitmaps = (torch.rand(3, 40, 60) > 0.5).float()
    # Whole pixels in every cell, so that the share of the mask is their mean.
    bboxes = torch.tensor(
        [[0.0, 0, 28, 28], [2, 4, 58, 32], [30, 10, 58, 38], [4, 8, 60, 36]]
    )
    indices = torch.tensor([2, 0, 1, 1])
    crops = crop_masks(bitmaps, bboxes, indices, 28)
    for crop, box, index in zip(crops, bboxes.long(), indices, strict=True):
        x1, y1, x2, y2 = box.tolist()
        seen = bitmaps[index, y1:y2, x1:x2]
        rows, columns = (y2 - y1) // 28, (x2 - x1) // 28
        cells = seen.reshape(28, rows, 28, columns).mean(dim=(1, 3))
        assert torch.equal(crop, cells >= 0.5)
    assert crops.dtype == torch.bool
    assert 0.3 < crops.float().mean() < 0.8


def test_crops_are_those_of_mmdetection():
    torch.manual_seed(1)
    masks = BitmapMasks(
        np.kron(np.eye(5, dtype=np.uint8), np.ones((9, 9)))[None], 45, 45
    )
    bboxes = torch.rand(20, 4) * 20 + torch.tensor([0.0, 0, 22, 22])
    indices = torch.zeros(20, dtype=torch.long)
    theirs = masks.crop_and_resize(bboxes.numpy(), (28, 28), indices.numpy())
    ours = crop_masks(bitmaps_of(masks, torch.device('cpu')), bboxes, indices, 28)
    assert np.array_equal(ours.numpy(), theirs.masks.astype(bool))


@pytest.mark.parametrize('objects', [0, 2])
def test_no_boxes(objects):
    crops = crop_masks(
        torch.zeros(objects, 9, 9), torch.empty(0, 4), torch.empty(0).long(), 28
    )
    assert crops.shape == (0, 28, 28)
    assert crops.dtype == torch.bool


def test_polygons_are_filled():
    square = np.array([2.0, 3, 8, 3, 8, 9, 2, 9])
    masks = PolygonMasks([[square]], 12, 14)
    bitmap = bitmaps_of(masks, torch.device('cpu'))[0]
    expected = torch.zeros(12, 14)
    expected[3:9, 2:8] = 1
    assert torch.equal(bitmap, expected)


def test_iou_counts_the_whole_instance():
    pred = torch.zeros(3, 4, 4, dtype=torch.bool)
    target = torch.zeros(3, 4, 4, dtype=torch.bool)
    pred[0, :2] = True  # 8 of 16 cells, a cell is 2 x 3 pixels
    target[0, 1:3] = True  # 8 cells, 4 of them common
    pred[1], target[1] = True, True
    bboxes = torch.tensor([[10.0, 10, 18, 22], [0, 0, 4, 4], [0, 0, 0, 9]])
    areas = torch.tensor([48.0, 64.0, 5.0])
    ious = mask_ious(pred, target, bboxes, areas)
    # First: 24 / (48 + 48 - 24). Second: the box sees a quarter. Third: an empty box.
    torch.testing.assert_close(ious, torch.tensor([1 / 3, 0.25, 0.0]))


def test_iou_is_at_most_one_where_cells_are_coarse():
    full = torch.ones(1, 4, 4, dtype=torch.bool)
    box = torch.tensor([[0.0, 0, 8, 8]])
    assert mask_ious(full, full, box, torch.tensor([60.0])).item() == pytest.approx(
        60 / 64
    )
    none = torch.empty(0, 4, 4, dtype=torch.bool)
    assert mask_ious(none, none, torch.empty(0, 4), torch.empty(0)).shape == (0,)


def test_overlap_equals_the_loop():
    torch.manual_seed(2)
    masks = torch.rand(4, 28, 28) > 0.4
    overlap = overlap_of_masks(masks)
    for n, i, j in np.ndindex(4, 7, 7):
        # Bilinear at the centre of the cell is the mean of the four pixels around it.
        around = masks[n, 4 * i + 1 : 4 * i + 3, 4 * j + 1 : 4 * j + 3]
        assert overlap[n, i, j] == (around.float().mean() > 0.5)
    assert overlap_of_masks(masks[:0]).shape == (0, 7, 7)
