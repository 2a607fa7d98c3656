"""What the heads of a trained Double-Head detector say about given boxes."""

from typing import NamedTuple

import torch
from mmdet.models.roi_heads import DoubleHeadRoIHead, StandardRoIHead
from torch import Tensor, nn

from mmdet_plus.models.roi_heads import DoubleHeadExtRoIHead
from mmdet_plus.models.roi_heads.bbox_heads.double_head_ext_bbox_head import (
    DoubleHeadOutputs,
)

from .measures import fc_output_maps

Features = tuple[Tensor, ...]
HEADS = ('fc', 'conv')


class HeadReading(NamedTuple):
    """Of one head, for n boxes; None for a task that it does not have."""

    scores: Tensor | None
    """(n,) probability of the object's class."""
    bboxes: Tensor | None
    """(n, 4) xyxy, regressed for that class, not clipped."""


def read_heads(
    roi_head: StandardRoIHead, x: Features, rois: Tensor, labels: Tensor
) -> dict[str, HeadReading]:
    """Scores and boxes of both heads for the class of the object each RoI belongs to.

    Args:
        roi_head: ``DoubleHeadExtRoIHead`` or MMDetection's ``DoubleHeadRoIHead``.
        x: feature levels (B, C, H_i, W_i).
        rois: (n, 5) batch index, x1, y1, x2, y2, pixels of the network input.
        labels: (n,).
    """
    outputs = _outputs(roi_head, x, rois)
    readings = {}
    for head, (logits, deltas) in outputs.by_head.items():
        scores = bboxes = None
        if logits is not None:
            scores = logits.softmax(dim=1).gather(1, labels[:, None])[:, 0]
        if deltas is not None:
            by_class = deltas.view(len(rois), -1, 4)
            columns = labels if by_class.shape[1] > 1 else torch.zeros_like(labels)
            own = by_class[torch.arange(len(rois), device=rois.device), columns]
            bboxes = roi_head.bbox_head.bbox_coder.decode(rois[:, 1:], own)
        readings[head] = HeadReading(scores, bboxes)
    return readings


def read_maps(
    roi_head: StandardRoIHead, x: Features, rois: Tensor
) -> dict[str, Tensor]:
    """Output maps (n, W, k, k) of the heads that there are.

    Those of the conv-head go into its average pooling; those of the fc-head are what
    each place adds to its first layer.
    """
    fc_feats, conv_feats = _roi_feats(roi_head, x, rois)
    maps = {}
    if fc_feats is not None:
        weight = first_fc_weight(roi_head)
        assert weight is not None
        maps['fc'] = fc_output_maps(_fc_maps(roi_head, fc_feats), weight)
    if conv_feats is not None:
        maps['conv'] = _conv_maps(roi_head, conv_feats)
    return maps


def first_fc_weight(roi_head: StandardRoIHead) -> Tensor | None:
    """Weight (W, C * k * k) of the fc-head's first layer, if there is an fc-head."""
    branch = roi_head.bbox_head.fc_branch
    return None if branch is None else branch[0].weight


def check_double_head(roi_head: nn.Module | None) -> None:
    """Raise ``TypeError`` for another RoI head than Double-Head's, or None."""
    if not isinstance(roi_head, DoubleHeadExtRoIHead | DoubleHeadRoIHead):
        found = 'none' if roi_head is None else type(roi_head).__name__
        raise TypeError(
            'the RoI head must be DoubleHeadExtRoIHead or DoubleHeadRoIHead, got '
            f'{found}'
        )


def _outputs(roi_head: StandardRoIHead, x: Features, rois: Tensor) -> DoubleHeadOutputs:
    results = roi_head._bbox_forward(x, rois)
    if isinstance(roi_head, DoubleHeadExtRoIHead):
        return results['outputs']
    return DoubleHeadOutputs(results['cls_score'], None, None, results['bbox_pred'])


def _roi_feats(
    roi_head: StandardRoIHead, x: Features, rois: Tensor
) -> tuple[Tensor | None, Tensor | None]:
    if isinstance(roi_head, DoubleHeadExtRoIHead):
        return roi_head.roi_feats(x, rois)
    extract = roi_head.bbox_roi_extractor
    levels = x[: extract.num_inputs]
    scale = roi_head.reg_roi_scale_factor
    fc_feats = extract(levels, rois)
    conv_feats = extract(levels, rois, roi_scale_factor=scale)
    if roi_head.with_shared_head:
        return roi_head.shared_head(fc_feats), roi_head.shared_head(conv_feats)
    return fc_feats, conv_feats


def _fc_maps(roi_head: StandardRoIHead, roi_feats: Tensor) -> Tensor:
    if isinstance(roi_head, DoubleHeadExtRoIHead):
        return roi_head.bbox_head.task_heads['fc'].maps(roi_feats)
    return roi_feats


def _conv_maps(roi_head: StandardRoIHead, roi_feats: Tensor) -> Tensor:
    head = roi_head.bbox_head
    if isinstance(roi_head, DoubleHeadExtRoIHead):
        return head.task_heads['conv'].maps(roi_feats)
    maps = head.res_block(roi_feats)
    for block in head.conv_branch:
        maps = block(maps)
    return maps
