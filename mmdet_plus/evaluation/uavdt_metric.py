"""VOC AP that leaves out what is found in ignored regions."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from mmdet.evaluation import VOCMetric, bbox_overlaps
from mmdet.registry import METRICS
from numpy import ndarray


def coverage(bboxes: ndarray, regions: ndarray) -> ndarray:
    """Share of each box that the union of some regions covers.

    Args:
        bboxes: (n, 4) xyxy pixels.
        regions: (m, 4) xyxy pixels.

    Returns:
        (n,) in [0, 1]; 0 for boxes without area.
    """
    # Between neighbouring borders of regions every cell is wholly in or wholly out.
    xs, ys = np.unique(regions[:, 0::2]), np.unique(regions[:, 1::2])
    if len(bboxes) == 0 or len(xs) < 2 or len(ys) < 2:
        return np.zeros(len(bboxes))
    centres = (xs[1:] + xs[:-1]) / 2, (ys[1:] + ys[:-1]) / 2
    covered = _between(centres[0], regions[:, 0::2]).T @ _between(
        centres[1], regions[:, 1::2]
    )
    width = _common(bboxes[:, 0::2], xs)
    height = _common(bboxes[:, 1::2], ys)
    area = np.einsum('nx,xy,ny->n', width, (covered > 0).astype(float), height)
    sizes = np.prod(bboxes[:, 2:4] - bboxes[:, :2], axis=1)
    return np.divide(area, sizes, out=np.zeros(len(bboxes)), where=sizes > 0)


def _between(values: ndarray, intervals: ndarray) -> ndarray:
    """(m, k): whether each of k values lies in each of m intervals, as numbers."""
    low, high = intervals[:, :1], intervals[:, 1:]
    return ((values > low) & (values < high)).astype(float)


def _common(intervals: ndarray, borders: ndarray) -> ndarray:
    """(n, k - 1): length each of n intervals has in common with each cell."""
    low = np.maximum(intervals[:, :1], borders[None, :-1])
    high = np.minimum(intervals[:, 1:], borders[None, 1:])
    return np.clip(high - low, 0, None)


@METRICS.register_module()
class UAVDTMetric(VOCMetric):
    """VOC AP at IoU 0.7; detections inside ignored regions count neither way.

    The measure of UAVDT (ECCV 2018) and of D2Det (CVPR 2020), sec. 4.3. Ignored regions
    are ground truth boxes with ``iscrowd`` set. A detection is inside when they cover
    more than half of it; one that finds an object (IoU at least ``iou_thrs``) is kept.

    Args:
        iou_thrs: IoU from which a detection is right.
        max_coverage: see above.
        kwargs: what ``VOCMetric`` takes besides.
    """

    default_prefix = 'uavdt'

    def __init__(
        self, iou_thrs: float = 0.7, *, max_coverage: float = 0.5, **kwargs: Any
    ) -> None:
        super().__init__(iou_thrs=iou_thrs, **kwargs)
        self.max_coverage = max_coverage

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Collect detections and ground truth of a batch, as ``VOCMetric`` does."""
        first = len(self.results)
        super().process(data_batch, data_samples)
        self.results[first:] = [
            self._without_ignored(truth, detections)
            for truth, detections in self.results[first:]
        ]

    def _without_ignored(
        self, truth: dict[str, ndarray], detections: list[ndarray]
    ) -> tuple[dict[str, ndarray], list[ndarray]]:
        regions = truth['bboxes_ignore']
        kept = []
        for label, found in enumerate(detections):
            gts = truth['bboxes'][truth['labels'] == label]
            # With the pixel more in width and height that VOCMetric evaluates with.
            ious = bbox_overlaps(found[:, :4], gts, use_legacy_coordinate=True)
            right = (ious >= min(self.iou_thrs)).any(axis=1)
            outside = coverage(found[:, :4], regions) <= self.max_coverage
            kept.append(found[right | outside])
        nothing = dict(bboxes_ignore=regions[:0], labels_ignore=regions[:0, 0])
        return {**truth, **nothing}, kept
