"""Operators of a form: what one call does in PyTorch, and which shape it gives.

Their translations to ONNX are in ``translations.py``.
"""

from collections.abc import Sequence

import torch
from mmcv.ops import nms as mmcv_nms
from mmcv.ops import soft_nms as mmcv_soft_nms
from torch import Tensor

from ..models.roi_heads.roi_extractors import FastRoIAlign
from ..ops import deform_roi_align as moved_roi_align

NAMESPACE = 'mmdet_plus_deploy'
SOFT_METHOD_NAMES = ('naive', 'linear', 'gaussian')


@torch.library.custom_op(f'{NAMESPACE}::nms', mutates_args=())
def nms(
    bboxes: Tensor, scores: Tensor, iou_threshold: float, max_output: int
) -> Tensor:
    """Which boxes of each group are left by non-maximum suppression.

    Args:
        bboxes: (G, N, 4) xyxy.
        scores: (G, N); negative ones take no part.
        iou_threshold: boxes that overlap a better one by more are suppressed.
        max_output: how many are left of a group at most.

    Returns:
        (G, N) bool.
    """
    kept = torch.zeros_like(scores, dtype=torch.bool)
    for own_kept, own_bboxes, own_scores in zip(kept, bboxes, scores, strict=True):
        present = (own_scores >= 0).nonzero().squeeze(1)
        if len(present) > 0:
            _, left = mmcv_nms(own_bboxes[present], own_scores[present], iou_threshold)
            own_kept[present[left[:max_output]]] = True
    return kept


@nms.register_fake
def _(bboxes: Tensor, scores: Tensor, iou_threshold: float, max_output: int) -> Tensor:
    return torch.empty_like(scores, dtype=torch.bool)


@torch.library.custom_op(f'{NAMESPACE}::soft_nms', mutates_args=())
def soft_nms(
    bboxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    max_output: int,
) -> tuple[Tensor, Tensor]:
    """The best boxes of each image, scores lowered by the better ones they overlap.

    Args:
        bboxes: (B, N, 4) xyxy.
        scores: (B, N); negative ones take no part.
        iou_threshold: overlap from which ``naive`` and ``linear`` lower scores.
        sigma: of ``gaussian``.
        min_score: boxes with less are dropped.
        method: 0 for ``naive``, 1 for ``linear``, 2 for ``gaussian``.
        max_output: K, at most N.

    Returns:
        Rows (B, K) of the boxes by falling score, and these scores, -1 where there is
        none.
    """
    order = torch.zeros(len(scores), max_output, dtype=torch.long, device=scores.device)
    lowered = scores.new_full((len(scores), max_output), -1.0)
    for image, (own_bboxes, own_scores) in enumerate(zip(bboxes, scores, strict=True)):
        present = (own_scores >= 0).nonzero().squeeze(1)
        if len(present) == 0:
            continue
        found, rows = mmcv_soft_nms(
            own_bboxes[present],
            own_scores[present],
            iou_threshold,
            sigma,
            min_score,
            SOFT_METHOD_NAMES[method],
        )
        count = min(len(rows), max_output)
        order[image, :count] = present[rows[:count]]
        lowered[image, :count] = found[:count, 4]
    return order, lowered


@soft_nms.register_fake
def _(
    bboxes: Tensor,
    scores: Tensor,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    max_output: int,
) -> tuple[Tensor, Tensor]:
    size = (scores.shape[0], max_output)
    return scores.new_empty(size, dtype=torch.long), scores.new_empty(size)


@torch.library.custom_op(f'{NAMESPACE}::roi_align', mutates_args=())
def roi_align(
    feats: Tensor,
    rois: Tensor,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    """RoIAlign with averages: (n, C, h, w) of maps (B, C, H, W) in RoIs (n, 5)."""
    size = (output_size[0], output_size[1])
    layer = FastRoIAlign(size, spatial_scale, sampling_ratio, 'avg', aligned)
    # mmcv's kernel, where it has to do, reads maps of any other memory layout wrongly.
    return layer(feats.contiguous(), rois.contiguous())


@roi_align.register_fake
def _(
    feats: Tensor,
    rois: Tensor,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Tensor:
    return feats.new_empty(rois.shape[0], feats.shape[1], *output_size)


@torch.library.custom_op(f'{NAMESPACE}::deform_roi_align', mutates_args=())
def deform_roi_align(
    feats: Tensor,
    rois: Tensor,
    offset: Tensor,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    offset_scale: float,
) -> Tensor:
    """As ``mmdet_plus.ops.deform_roi_align``."""
    return moved_roi_align(
        feats,
        rois,
        offset,
        output_size=(output_size[0], output_size[1]),
        spatial_scale=spatial_scale,
        sampling_ratio=sampling_ratio,
        offset_scale=offset_scale,
    )


@deform_roi_align.register_fake
def _(
    feats: Tensor,
    rois: Tensor,
    offset: Tensor,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    offset_scale: float,
) -> Tensor:
    return feats.new_empty(rois.shape[0], feats.shape[1], *output_size)
