"""Non-maximum suppression of boxes with all class scores, and of detections."""

from mmcv.ops import batched_nms
from mmdet.models.layers import multiclass_nms
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor


def best_of_classes(
    bboxes: Tensor, scores: Tensor, test_cfg: ConfigType
) -> InstanceData:
    """Detections of boxes with a score for every class.

    Args:
        bboxes: (n, 4), or (n, C * 4) with a box for each class, xyxy.
        scores: (n, C + 1), the background last.
        test_cfg: ``score_thr``, ``nms`` and ``max_per_img``.

    Returns:
        ``bboxes`` (k, 4), ``scores`` (k,) falling and ``labels`` (k,).
    """
    detections, labels = multiclass_nms(
        bboxes, scores, test_cfg.score_thr, test_cfg.nms, test_cfg.max_per_img
    )
    return InstanceData(
        bboxes=detections[:, :4], scores=detections[:, 4], labels=labels
    )


def suppress_duplicates(result: InstanceData, nms: ConfigType | None) -> InstanceData:
    """Suppress, class by class, detections that overlap better ones.

    For boxes that were refined after the first suppression.

    Args:
        result: ``bboxes`` (n, 4) xyxy, ``scores`` (n,) and ``labels`` (n,), and what
            else there is for each.
        nms: such as ``dict(type='soft_nms', iou_threshold=0.5)``; None leaves all.

    Returns:
        What is left, by falling score; ``result`` itself where there is nothing to do.
    """
    if nms is None or len(result) == 0:
        return result
    detections, keep = batched_nms(result.bboxes, result.scores, result.labels, nms)
    kept = result[keep]
    kept.bboxes, kept.scores = detections[:, :4], detections[:, 4]
    return kept
