"""Non-maximum suppression of all images of a batch at once.

Results are those of mmcv's ``batched_nms``, rounding included: boxes of different
classes are moved apart by the same offsets before they are compared.
"""

from typing import Any, NamedTuple

import torch
from torch import Tensor

from ..ops import nms, soft_nms
from .batch import Batch
from .packing import Detections
from .registry import unsupported

ABSENT = -1.0  # score of a candidate that takes no part
SOFT_METHODS = {'naive': 0, 'linear': 1, 'gaussian': 2}


class Suppression(NamedTuple):
    """What ``nms`` of a test config says."""

    kind: str
    iou_threshold: float
    class_agnostic: bool
    sigma: float
    min_score: float
    method: str


def read_suppression(cfg: dict[str, Any] | None, key: str) -> Suppression | None:
    """The settings of an ``nms`` dict; None for none.

    Raises:
        UserError: for a kind or a setting that has no form, naming its key.
    """
    if cfg is None:
        return None
    settings = dict(cfg)
    kind = settings.pop('type', 'nms')
    settings.pop('split_thr', None)  # only bounds the memory
    iou_threshold = settings.pop('iou_threshold', settings.pop('iou_thr', None))
    found = Suppression(
        kind,
        0.3 if iou_threshold is None else float(iou_threshold),
        bool(settings.pop('class_agnostic', False)),
        float(settings.pop('sigma', 0.5)),
        float(settings.pop('min_score', 1e-3)),
        settings.pop('method', 'linear'),
    )
    if kind not in ('nms', 'soft_nms') or found.method not in SOFT_METHODS:
        raise unsupported(f'{key}.type', f'{kind} is neither nms nor soft_nms')
    if settings:
        raise unsupported(f'{key}.{next(iter(settings))}', 'it is not known')
    return found


def best_per_class(
    bboxes: Tensor,
    scores: Tensor,
    score_thr: float,
    suppression: Suppression | None,
    max_per_img: int,
) -> Detections:
    """What MMDetection's ``multiclass_nms`` gives, for a batch.

    Args:
        bboxes: (B, N, 4), or (B, N, C, 4) with a box for each class, xyxy.
        scores: (B, N, C), without background.
        score_thr: only higher scores take part.
        suppression: as the config says.
        max_per_img: how many detections an image has at most.
    """
    num_classes = scores.shape[2]
    if bboxes.dim() == 3:
        bboxes = bboxes[:, :, None].expand(-1, -1, num_classes, -1)
    labels = torch.arange(num_classes, device=scores.device).view(1, -1, 1)
    return best_of_groups(
        bboxes.transpose(1, 2),
        torch.where(scores > score_thr, scores, ABSENT).transpose(1, 2),
        labels.expand(scores.shape[0], -1, scores.shape[1]),
        suppression,
        max_per_img,
    )


def best_of_groups(
    bboxes: Tensor,
    scores: Tensor,
    labels: Tensor,
    suppression: Suppression | None,
    max_per_img: int,
) -> Detections:
    """The best candidates, after suppression within each group and label.

    Args:
        bboxes: (B, G, N, 4) xyxy of G groups, with no label in two groups.
        scores: (B, G, N); ``ABSENT`` for what takes no part.
        labels: (B, G, N).
        suppression: None for none.
        max_per_img: how many are left of an image at most.
    """
    flat = [part.flatten(1, 2) for part in (bboxes, scores, labels)]
    if suppression is None:
        return _best(flat[0], flat[1], flat[2], max_per_img)
    apart = bboxes if suppression.class_agnostic else _apart(bboxes, scores, labels)
    if suppression.kind == 'soft_nms':
        return _soft_nms(flat, apart.flatten(1, 2), suppression, max_per_img)
    if suppression.class_agnostic:
        apart, scores = apart.flatten(1, 2)[:, None], scores.flatten(1, 2)[:, None]
    kept = nms(
        apart.flatten(0, 1).contiguous(),
        scores.flatten(0, 1).contiguous(),
        suppression.iou_threshold,
        max_per_img,
    )
    left = torch.where(kept.view_as(scores), scores, ABSENT).flatten(1, 2)
    return _best(flat[0], left, flat[2], max_per_img)


def suppress_again(found: Detections, suppression: Suppression | None) -> Detections:
    """Detections in the order of their scores, after one more suppression."""
    scores = torch.where(found.valid, found.scores, ABSENT)
    return best_of_groups(
        found.bboxes[:, None],
        scores[:, None],
        found.labels[:, None],
        suppression,
        found.scores.shape[1],
    )


def unscaled(found: Detections, batch: Batch) -> Detections:
    """Detections in pixels of the original images."""
    return found._replace(bboxes=batch.unscale(found.bboxes))


def _apart(bboxes: Tensor, scores: Tensor, labels: Tensor) -> Tensor:
    present = (scores >= 0)[..., None]
    largest = torch.where(present, bboxes, -torch.inf).flatten(1).amax(dim=1)
    largest = torch.where(largest.isfinite(), largest, 0)
    offsets = labels.to(bboxes) * (largest.view(-1, 1, 1) + 1)
    return bboxes + offsets[..., None]


def _best(bboxes: Tensor, scores: Tensor, labels: Tensor, count: int) -> Detections:
    best, order = scores.topk(min(count, scores.shape[1]), dim=1)
    return Detections(
        bboxes.gather(1, order[..., None].expand(-1, -1, 4)),
        best.clamp(min=0),
        labels.gather(1, order),
        best >= 0,
    )


def _soft_nms(
    flat: list[Tensor], apart: Tensor, suppression: Suppression, count: int
) -> Detections:
    order, scores = soft_nms(
        apart,
        flat[1],
        suppression.iou_threshold,
        suppression.sigma,
        suppression.min_score,
        SOFT_METHODS[suppression.method],
        min(count, flat[1].shape[1]),
    )
    return Detections(
        flat[0].gather(1, order[..., None].expand(-1, -1, 4)),
        scores.clamp(min=0),
        flat[2].gather(1, order),
        scores >= 0,
    )
