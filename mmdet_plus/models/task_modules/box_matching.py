"""Which object a box belongs to, by overlap alone."""

from typing import NamedTuple

import torch
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor


class Matches(NamedTuple):
    """Of n boxes with the ground truth."""

    ious: Tensor
    """(n,) best overlap, zero without ground truth."""
    gt_indices: Tensor
    """(n,) of the object with the best overlap; zero without ground truth."""
    labels: Tensor
    """(n,) class of that object, or the background below the threshold."""


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


def label_bboxes(
    bboxes: Tensor,
    gt_bboxes: Tensor,
    gt_labels: Tensor,
    num_classes: int,
    iou_thr: float,
) -> Matches:
    """Give each box the class of the object it overlaps most.

    Args:
        bboxes: (n, 4) xyxy.
        gt_bboxes: (g, 4) xyxy, same frame.
        gt_labels: (g,) in [0, num_classes).
        num_classes: number of classes, and so label of the background.
        iou_thr: least overlap of foreground.
    """
    ious, indices = match_bboxes(bboxes, gt_bboxes)
    background = torch.full_like(indices, num_classes)
    if len(gt_bboxes) == 0:
        return Matches(ious, indices, background)
    labels = torch.where(ious >= iou_thr, gt_labels[indices], background)
    return Matches(ious, indices, labels)
