"""Which boxes train a stage of the cascade and the scores of its results."""

import torch
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor


def match_bboxes(bboxes: Tensor, gt_bboxes: Tensor) -> tuple[Tensor, Tensor]:
    """The ground truth box that each box overlaps most.

    Args:
        bboxes: (n, 4) xyxy.
        gt_bboxes: (g, 4) xyxy in the same frame.

    Returns:
        IoU (n,) and index (n,) in [0, g); zeros when there is no ground truth.
    """
    if len(gt_bboxes) == 0:
        return bboxes.new_zeros(len(bboxes)), bboxes.new_zeros(len(bboxes)).long()
    return bbox_overlaps(bboxes, gt_bboxes).max(dim=1)


def select_by_iou(
    bboxes: Tensor, gt_bboxes: Tensor, iou_thr: float
) -> tuple[Tensor, Tensor]:
    """The selector S of Eq. 1: refined boxes and ground truth that train a stage.

    Args:
        bboxes: (n, 4) xyxy, results of the stage before.
        gt_bboxes: (g, 4) xyxy in the same frame; they join the boxes.
        iou_thr: boxes are kept where their IoU is above.

    Returns:
        Boxes (m, 4) and the ground truth (m, 4) of each.
    """
    candidates = torch.cat([bboxes, gt_bboxes])
    ious, indices = match_bboxes(candidates, gt_bboxes)
    keep = ious > iou_thr
    return candidates[keep], gt_bboxes[indices[keep]]


def resampled_labels(
    bboxes: Tensor, gt_bboxes: Tensor, gt_labels: Tensor, num_classes: int, iou: float
) -> Tensor:
    """Classes of refined boxes for the resampling scoring module (sec. 3.3).

    Args:
        bboxes: (n, 4) xyxy.
        gt_bboxes: (g, 4) xyxy in the same frame.
        gt_labels: (g,) in [0, num_classes).
        num_classes: number of classes, the label of the background.
        iou: least IoU of an object.

    Returns:
        (n,) in [0, num_classes].
    """
    background = bboxes.new_full((len(bboxes),), num_classes, dtype=torch.long)
    if len(gt_bboxes) == 0:
        return background
    ious, indices = match_bboxes(bboxes, gt_bboxes)
    return torch.where(ious >= iou, gt_labels[indices], background)
