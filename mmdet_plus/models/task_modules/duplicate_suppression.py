"""Non-maximum suppression of boxes that were refined after the first one."""

from mmcv.ops import batched_nms
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData


def suppress_duplicates(result: InstanceData, nms: ConfigType | None) -> InstanceData:
    """Suppress, class by class, boxes that overlap better ones.

    Args:
        result: ``bboxes`` (n, 4) xyxy, ``scores`` (n,) and ``labels`` (n,).
        nms: such as ``dict(type='soft_nms', iou_threshold=0.5)``; None leaves all.

    Returns:
        What is left, by falling score; ``result`` itself where there is nothing to do.
    """
    if nms is None or len(result) == 0:
        return result
    detections, keep = batched_nms(result.bboxes, result.scores, result.labels, nms)
    return InstanceData(
        bboxes=detections[:, :4], scores=detections[:, 4], labels=result.labels[keep]
    )
