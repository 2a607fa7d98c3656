import torch
from mmcv.ops import soft_nms as mmcv_soft_nms
from torch.library import opcheck

from mmdet_plus.deploy.ops import deform_roi_align, nms, roi_align, soft_nms

BOXES = torch.tensor(
    [
        [[0.0, 0, 10, 10], [1, 0, 10, 10], [20, 20, 30, 30], [0, 0, 9, 10]],
        [[0.0, 0, 10, 10], [50, 0, 60, 10], [50, 1, 60, 10], [0, 0, 9, 10]],
    ]
)
SCORES = torch.tensor([[0.8, 0.9, 0.1, -1.0], [0.2, 0.3, 0.4, -1.0]])
ROIS = torch.tensor([[0.0, 2, 2, 20, 20], [1, 0, 0, 8, 16]])


def test_nms_keeps_the_best_of_each_group():
    expected = [[False, True, True, False], [True, False, True, False]]
    assert nms(BOXES, SCORES, 0.5, 4).tolist() == expected


def test_nms_keeps_at_most_so_many():
    expected = [[False, True, False, False], [False, False, True, False]]
    assert nms(BOXES, SCORES, 0.5, 1).tolist() == expected


def test_nms_of_nothing():
    assert not nms(BOXES, torch.full((2, 4), -1.0), 0.5, 4).any()


def test_soft_nms_lowers_scores_and_fills_up():
    order, scores = soft_nms(BOXES, SCORES, 0.5, 0.5, 1e-3, 1, 4)
    _, expected = None, mmcv_soft_nms(BOXES[0, :3], SCORES[0, :3], 0.5)[0][:, 4]
    assert order[0, :3].tolist() == [1, 2, 0]
    torch.testing.assert_close(scores[0, :3], expected)
    assert scores[:, 3].tolist() == [-1, -1]


def test_ops_are_well_behaved():
    feats = torch.rand(2, 3, 8, 8)
    offset = torch.zeros(2, 2, 2, 2)
    opcheck(nms, (BOXES, SCORES, 0.5, 4))
    opcheck(soft_nms, (BOXES, SCORES, 0.5, 0.5, 1e-3, 1, 4))
    opcheck(roi_align, (feats, ROIS, [2, 2], 0.25, 2, True))
    opcheck(deform_roi_align, (feats, ROIS, offset, [2, 2], 0.25, 2, 0.1))


def test_roi_align_reads_maps_of_any_memory_layout():
    feats = torch.rand(2, 3, 8, 8)
    other = feats.to(memory_format=torch.channels_last)
    settings = (ROIS, [2, 2], 0.25, 2, True)
    torch.testing.assert_close(roi_align(other, *settings), roi_align(feats, *settings))
