import pytest
import torch
from mmcv.ops import roi_align
from samples.grid_points_loop import boxes_by_loop, random_rois, targets_by_loop

from mmdet_plus.models.roi_heads.grid_heads.grid_points import (
    decode_points,
    expand_bboxes,
    large_enough,
    point_cells,
    point_targets,
    sub_region_starts,
    vote_bboxes,
)

BOX = torch.tensor([[10.0, 20, 66, 132]])  # 56 x 112


def test_expanding_keeps_the_centre():
    assert expand_bboxes(BOX, 1).equal(BOX)
    assert expand_bboxes(BOX, 2).tolist() == [[-18, -36, 94, 188]]
    assert expand_bboxes(BOX, 1.25).tolist() == [[3, 6, 73, 146]]


def test_sub_regions_of_nine_points():
    assert sub_region_starts(3, 28) == [0, 14, 28]
    assert sub_region_starts(2, 28) == [0, 28]


@pytest.mark.parametrize('size', [4, 28])
def test_a_perfect_roi_has_its_points_in_the_middle_of_the_sub_regions(size):
    cells = point_cells(BOX, BOX, 2.0, 3, size)
    for axis in range(2):
        starts = torch.tensor(sub_region_starts(3, size))
        assert (cells[0, axis] - starts).tolist() == [size // 2] * 3


def test_cells_computed_by_hand():
    # The region is 112 wide and starts at -18: cells are 2 px wide and 4 px high.
    gt = torch.tensor([[11.9, 24.0, 50, 130]])
    cells = point_cells(BOX, gt, 2.0, 3, 28)
    columns = [29.9 // 2, (30.95 + 18) // 2, 68 // 2]
    rows = [60 // 4, (77 + 36) // 4, (130 + 36) // 4]
    assert cells[0].tolist() == [columns, rows]


def test_sizes_below_the_grid():
    boxes = torch.tensor([[0.0, 0, 3, 3], [0, 0, 2.9, 9], [0, 0, 9, 2.9], [5, 5, 5, 5]])
    assert large_enough(boxes, 3).tolist() == [True, False, False, False]


@pytest.mark.parametrize(
    ('ratio', 'k', 'size', 'radius'),
    [
        (2.0, 3, 28, 1),
        (1.5, 3, 28, 0),
        (1.25, 3, 12, 2),
        (2.0, 2, 8, 1),
        (1.0, 4, 9, 3),
    ],
)
def test_targets_equal_the_loop(ratio, k, size, radius):
    torch.manual_seed(0)
    bboxes, gts = random_rois(40)
    targets = point_targets(bboxes, gts, ratio, k, size, radius)
    expected = targets_by_loop(bboxes, gts, ratio, k, size, radius)
    assert targets.dtype == torch.double
    assert targets.equal(expected)
    # Some points are in the sub-regions and some discs are cut off or missing.
    full = sum(
        x**2 + y**2 <= radius**2
        for x in range(-radius, radius + 1)
        for y in range(-radius, radius + 1)
    )
    counts = targets.sum(dim=(2, 3))
    assert (counts == full).any()
    assert (counts < full).any()


def test_a_perfect_target_decodes_to_the_object():
    torch.manual_seed(1)
    bboxes, _ = random_rois(30)
    gts = bboxes + torch.randn_like(bboxes) * 3
    for ratio in (2.0, 1.5):
        targets = point_targets(bboxes, gts, ratio, 3, 28, 0)
        logits = targets * 20 - 10
        boxes = vote_bboxes(*decode_points(logits, bboxes, ratio))
        # Half a cell, and as much again for points that the map does not show.
        cells = (bboxes[:, 2:] - bboxes[:, :2]) * ratio / 56
        shown = targets.sum(dim=(1, 2, 3)) == 9
        assert shown.sum() > 10
        error = (boxes - gts).abs()[shown] / cells.repeat(1, 2)[shown]
        assert error.max() <= 0.5 + 1e-6


@pytest.mark.parametrize(('ratio', 'k'), [(2.0, 3), (1.25, 3), (1.5, 2), (1.5, 4)])
def test_decoding_equals_the_loop(ratio, k):
    torch.manual_seed(2)
    bboxes, _ = random_rois(12)
    logits = torch.randn(12, k * k, 12, 12, dtype=torch.double)
    boxes = vote_bboxes(*decode_points(logits, bboxes, ratio))
    torch.testing.assert_close(boxes, boxes_by_loop(logits, bboxes, ratio))


def test_numbering_is_column_by_column():
    logits = torch.zeros(1, 9, 28, 28)
    logits[0, 1, 5, 7] = 4.0  # left column, middle row; row 5, column 7
    points, probs = decode_points(logits, BOX, 2.0)
    assert points[0, :, 0, 1].tolist() == [-18 + 7.5 * 2, -36 + (14 + 5.5) * 4]
    assert probs[0, 0, 1] == torch.tensor(4.0).sigmoid()
    assert (probs == 0.5).sum() == 8


def test_votes_are_weighted_by_probability():
    points = torch.zeros(1, 2, 3, 3)
    points[0, 0, 0] = torch.tensor([1.0, 2, 6])
    points[0, 0, 2] = 20
    points[0, 1, :, 0] = torch.tensor([4.0, 8, 0])
    points[0, 1, :, 2] = 30
    probs = torch.full((1, 3, 3), 0.5)
    probs[0, 0, 2] = 1.0
    box = vote_bboxes(points, probs)
    left = (1 * 0.5 + 2 * 0.5 + 6 * 1.0) / 2
    torch.testing.assert_close(box, torch.tensor([[left, 4.0, 20, 30]]))


def test_probabilities_of_zero_vote_alike():
    bboxes = BOX.expand(2, 4)
    logits = torch.full((2, 9, 28, 28), -1000.0)
    boxes = vote_bboxes(*decode_points(logits, bboxes, 2.0))
    assert boxes.isfinite().all()
    expected = [-17.0, -34, -18 + 28.5 * 2, -36 + 28.5 * 4]
    assert boxes[0].tolist() == pytest.approx(expected)


def test_thin_boxes_do_not_turn_over():
    torch.manual_seed(0)
    corner = torch.rand(4000, 2) * 600
    boxes = torch.cat([corner, corner + torch.rand(4000, 2) * 1e-4], dim=1)
    found = vote_bboxes(*decode_points(torch.randn(4000, 9, 28, 28), boxes, 1.25))
    assert (found[:, 2:] >= found[:, :2]).all()
    assert (found[:, :2] - corner).abs().max() < 1e-3
    # RoIAlign ends the process where a size is negative.
    rois = torch.cat([torch.zeros(4000, 1), found], dim=1)
    assert roi_align(torch.ones(1, 1, 9, 9), rois, 7, 1 / 64).isfinite().all()


def test_empty():
    none = torch.empty(0, 4)
    assert point_targets(none, none, 2.0, 3, 28, 1).shape == (0, 9, 28, 28)
    boxes = vote_bboxes(*decode_points(torch.empty(0, 9, 28, 28), none, 2.0))
    assert boxes.shape == (0, 4)
