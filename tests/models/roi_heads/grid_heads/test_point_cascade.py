import torch

from mmdet_plus.models.roi_heads.grid_heads.point_cascade import select_by_iou

GTS = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
# IoU of 0.8 and 0.6 with the first, 0.5 with the second, none.
BBOXES = torch.tensor(
    [[0.0, 0, 10, 8], [0, 0, 6, 10], [20, 0, 25, 10], [50, 50, 60, 60]]
)
NONE = torch.empty(0, 4)


def test_selection_keeps_what_is_above_and_the_ground_truth():
    bboxes, gts = select_by_iou(BBOXES, GTS, 0.6)
    assert bboxes.equal(torch.cat([BBOXES[:1], GTS]))
    assert gts.equal(GTS[[0, 0, 1]])
    bboxes, gts = select_by_iou(BBOXES, GTS, 0.49)
    assert bboxes.equal(torch.cat([BBOXES[:3], GTS]))
    assert gts.equal(GTS[[0, 0, 1, 0, 1]])


def test_without_ground_truth_or_boxes():
    assert [len(part) for part in select_by_iou(BBOXES, NONE, 0.6)] == [0, 0]
    assert select_by_iou(NONE, GTS, 0.6)[0].equal(GTS)
    assert [len(part) for part in select_by_iou(NONE, NONE, 0.6)] == [0, 0]
