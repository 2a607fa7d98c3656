import torch

from mmdet_plus.models.task_modules.box_matching import label_bboxes, match_bboxes

GTS = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
# IoU of 0.8 and 0.6 with the first, 0.5 with the second, none.
BBOXES = torch.tensor(
    [[0.0, 0, 10, 8], [0, 0, 6, 10], [20, 0, 25, 10], [50, 50, 60, 60]]
)
NONE = torch.empty(0, 4)


def test_matching():
    ious, indices = match_bboxes(BBOXES, GTS)
    torch.testing.assert_close(ious, torch.tensor([0.8, 0.6, 0.5, 0]))
    assert indices[:3].tolist() == [0, 0, 1]


def test_labels():
    matches = label_bboxes(BBOXES, GTS, torch.tensor([4, 2]), 7, 0.5)
    assert matches.labels.tolist() == [4, 4, 2, 7]
    torch.testing.assert_close(matches.ious, torch.tensor([0.8, 0.6, 0.5, 0]))
    assert matches.gt_indices[:3].tolist() == [0, 0, 1]
    matches = label_bboxes(BBOXES, GTS, torch.tensor([4, 2]), 7, 0.55)
    assert matches.labels.tolist() == [4, 4, 7, 7]


def test_without_ground_truth_or_boxes():
    no_labels = torch.empty(0, dtype=torch.long)
    matches = label_bboxes(BBOXES, NONE, no_labels, 7, 0.5)
    assert matches.labels.tolist() == [7] * 4
    assert matches.ious.tolist() == matches.gt_indices.tolist() == [0] * 4
    assert label_bboxes(NONE, GTS, torch.tensor([4, 2]), 7, 0.5).labels.shape == (0,)
    assert label_bboxes(NONE, NONE, no_labels, 7, 0.5).labels.dtype == torch.long
