import torch

from mmdet_plus.models.task_modules.bbox_geometry import (
    clip_bboxes,
    distinct_bboxes,
    jitter_bboxes,
    order_corners,
    unscale_bboxes,
)


def test_clip_uses_width_for_x_and_height_for_y():
    boxes = torch.tensor([[-3.0, -4, 500, 500], [1, 2, 3, 4]])
    clipped = clip_bboxes(boxes, (30, 70))
    torch.testing.assert_close(clipped, torch.tensor([[0.0, 0, 70, 30], [1, 2, 3, 4]]))
    assert boxes[0, 0] == -3  # out of place


def test_unscaling_divides_x_by_the_width_factor_and_y_by_the_height_factor():
    per_class = torch.tensor([[2.0, 8, 4, 16, 6, 24, 8, 32]])
    expected = torch.tensor([[1.0, 2, 2, 4, 3, 6, 4, 8]])
    torch.testing.assert_close(unscale_bboxes(per_class, (2.0, 4.0)), expected)
    assert unscale_bboxes(torch.empty(0, 4), (2.0, 4.0)).shape == (0, 4)


def test_jitter_stays_within_the_amplitude():
    torch.manual_seed(0)
    boxes = torch.tensor([[100.0, 200, 140, 300]]).expand(2000, -1)
    jittered = jitter_bboxes(boxes, 0.15)
    centres = (jittered[:, :2] + jittered[:, 2:]) / 2
    sizes = jittered[:, 2:] - jittered[:, :2]
    shift = (centres - torch.tensor([120.0, 250])) / torch.tensor([40.0, 100])
    growth = sizes / torch.tensor([40.0, 100]) - 1
    for change in (shift, growth):
        assert change.abs().max() <= 0.15 + 1e-4
        # Uniform on both sides: close to the bounds, and centred.
        assert (change.amax(0) > 0.14).all()
        assert (change.amin(0) < -0.14).all()
        assert change.mean(0).abs().max() < 0.01


def test_no_amplitude_moves_nothing():
    boxes = torch.tensor([[100.0, 200, 140, 300]])
    torch.testing.assert_close(jitter_bboxes(boxes, 0.0), boxes)


def test_no_boxes():
    assert jitter_bboxes(torch.empty(0, 4), 0.1).shape == (0, 4)
    assert clip_bboxes(torch.empty(0, 4), (5, 5)).shape == (0, 4)


def test_distinct_boxes_and_where_they_are():
    first = torch.tensor([[5.0, 5, 9, 9], [1, 2, 3, 4], [5, 5, 9, 9]])
    batch = [first, first[:0], first[1:2]]
    distinct, rows = distinct_bboxes(batch)
    assert [len(own) for own in distinct] == [2, 0, 1]
    assert torch.cat(distinct)[rows].equal(torch.cat(batch))
    distinct, rows = distinct_bboxes([first[:0]])
    assert distinct[0].shape == (0, 4)
    assert rows.shape == (0,)


def test_corners_are_ordered():
    boxes = torch.tensor([[1.0, 2, 3, 4], [3, 2, 1, 4], [1, 4, 3, 2]])
    expected = torch.tensor([[1.0, 2, 3, 4], [3, 2, 3, 4], [1, 4, 3, 4]])
    assert order_corners(boxes).equal(expected)
    assert order_corners(boxes[:0]).shape == (0, 4)
