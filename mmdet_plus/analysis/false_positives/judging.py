"""False positives of a detector: how many, of which kind, and what they cost."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

# In the order in which they are looked for.
KINDS = ('duplicate', 'confusion', 'localisation', 'background')
RECALLS = np.linspace(0, 1, 101)


class Judged(NamedTuple):
    """n detections of a data set, judged."""

    scores: np.ndarray
    """(n,) in [0, 1]."""
    labels: np.ndarray
    """(n,) index of the class."""
    kinds: np.ndarray
    """(n,) -1 for true positives, else an index of ``KINDS``."""


def pairwise_ious(
    bboxes: np.ndarray, others: np.ndarray, crowd: np.ndarray | None = None
) -> np.ndarray:
    """IoU (n, m) of boxes (n, 4) and (m, 4) xyxy.

    With those others that are a ``crowd`` (m,), the part of the box that lies in it.
    """
    low = np.maximum(bboxes[:, None, :2], others[None, :, :2])
    high = np.minimum(bboxes[:, None, 2:], others[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    areas, other_areas = _areas(bboxes), _areas(others)
    union = areas[:, None] + other_areas[None] - shared
    if crowd is not None:
        union = np.where(crowd[None], areas[:, None], union)
    return shared / np.maximum(union, 1e-9)


def judge_image(
    bboxes: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    gt_bboxes: np.ndarray,
    gt_labels: np.ndarray,
    gt_crowd: np.ndarray | None = None,
    iou_thr: float = 0.5,
    min_iou: float = 0.1,
) -> np.ndarray:
    """Match the detections of an image as COCO does, and tell why the others are wrong.

    The types of DCR (arXiv 1810.04002), sec. 3 and Fig. 3, and one that it leaves out:

    - duplicate: on an object of its class that a better detection has;
    - confusion: on an object of another class;
    - localisation: beside an object of its class, by ``min_iou`` at least;
    - background: anything else.

    Args:
        bboxes: (n, 4) xyxy.
        scores: (n,) in [0, 1].
        labels: (n,).
        gt_bboxes: (g, 4) xyxy, same frame.
        gt_labels: (g,).
        gt_crowd: (g,) bool: regions where detections of the class are not judged.
        iou_thr: least overlap on an object.
        min_iou: least overlap beside an object.

    Returns:
        (n,) -1 for true positives, -2 for those not judged, else an index of ``KINDS``.
    """
    if gt_crowd is None:
        gt_crowd = np.zeros(len(gt_bboxes), bool)
    ious = pairwise_ious(bboxes, gt_bboxes, gt_crowd)
    return judge_overlaps(ious, scores, labels, gt_labels, gt_crowd, iou_thr, min_iou)


def judge_overlaps(
    ious: np.ndarray,
    scores: np.ndarray,
    labels: np.ndarray,
    gt_labels: np.ndarray,
    gt_crowd: np.ndarray,
    iou_thr: float = 0.5,
    min_iou: float = 0.1,
) -> np.ndarray:
    """Judge as ``judge_image`` does, from IoU (n, g), of boxes or of masks."""
    same = labels[:, None] == gt_labels[None]
    own = np.where(same & ~gt_crowd[None], ious, 0)
    in_crowd = _best(np.where(same & gt_crowd[None], ious, 0)) >= iou_thr
    other = _best(np.where(~same & ~gt_crowd[None], ious, 0))
    best = _best(own)
    kinds = np.select(
        [best >= iou_thr, other >= iou_thr, best >= min_iou], [0, 1, 2], default=3
    )
    found = _match(own, scores, iou_thr)
    kinds[in_crowd & ~found] = -2
    kinds[found] = -1
    return kinds


def count_by_interval(
    judged: Judged, edges: Sequence[float]
) -> list[dict[str, float | int]]:
    """False positives of each kind in score intervals (Fig. 1a).

    Args:
        judged: all detections.
        edges: rising; the last interval includes its upper end.
    """
    rows: list[dict[str, float | int]] = []
    for low, high in pairwise(edges):
        below = judged.scores <= high if high == edges[-1] else judged.scores < high
        inside = (judged.scores >= low) & below
        row: dict[str, float | int] = dict(score_low=low, score_high=high)
        for i, kind in enumerate(KINDS):
            row[kind] = int((inside & (judged.kinds == i)).sum())
        row['all'] = sum(int(row[kind]) for kind in KINDS)
        rows.append(row)
    return rows


def count_above(judged: Judged, score_thr: float) -> dict[str, int]:
    """False positives of each kind, and all, with scores above a threshold."""
    hard = judged.scores > score_thr
    counts = {k: int((hard & (judged.kinds == i)).sum()) for i, k in enumerate(KINDS)}
    return {**counts, 'all': sum(counts.values())}


def count_found(judged: Judged, score_thr: float) -> int:
    """True positives with scores above a threshold."""
    return int(((judged.kinds == -1) & (judged.scores > score_thr)).sum())


def count_at_recall(judged: Judged, num_found: int) -> int | None:
    """False positives at the threshold that leaves a number of true positives.

    Compares detectors whose scores mean different things.

    Args:
        judged: all detections.
        num_found: true positives that the threshold leaves.

    Returns:
        Those with a score as high as the true positive of this rank or higher, None if
        there are fewer true positives.
    """
    correct = judged.kinds == -1
    if num_found == 0:
        return 0
    if num_found > correct.sum():
        return None
    score_thr = np.sort(judged.scores[correct])[-num_found]
    return int(((judged.kinds >= 0) & (judged.scores >= score_thr)).sum())


def average_precision(scores: np.ndarray, correct: np.ndarray, num_gts: int) -> float:
    """COCO's average precision, interpolated at 101 recalls.

    Args:
        scores: (n,).
        correct: (n,) bool.
        num_gts: objects, at least one.
    """
    order = np.argsort(-scores, kind='stable')
    hits = np.cumsum(correct[order])
    precision = hits / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(hits / num_gts, RECALLS, side='left')
    return float(np.append(precision, 0)[places].mean())


def hypothetical_ap(
    judged: Judged, gt_counts: np.ndarray, score_thr: float | None = None
) -> float:
    """Mean AP if the false positives with scores above a threshold were not there.

    Fig. 1b. For None they all stay.

    Args:
        judged: all detections.
        gt_counts: (C,) objects of each class; classes without any do not count.
        score_thr: the threshold.
    """
    kept = np.ones(len(judged.scores), bool)
    if score_thr is not None:
        kept = (judged.kinds == -1) | (judged.scores <= score_thr)
    values = []
    for label in np.flatnonzero(gt_counts):
        own = kept & (judged.labels == label)
        correct = judged.kinds[own] == -1
        values.append(
            average_precision(judged.scores[own], correct, int(gt_counts[label]))
        )
    return float(np.mean(values)) if values else float('nan')


def _match(own: np.ndarray, scores: np.ndarray, iou_thr: float) -> np.ndarray:
    """Which detections find an object (n, g) that no better one has found."""
    free = np.ones(own.shape[1], bool)
    found = np.zeros(len(own), bool)
    for i in np.argsort(-scores, kind='stable'):
        left = np.where(free, own[i], 0)
        if left.size and left.max() >= iou_thr:
            free[left.argmax()] = False
            found[i] = True
    return found


def _best(ious: np.ndarray) -> np.ndarray:
    return ious.max(axis=1, initial=0)


def _areas(bboxes: np.ndarray) -> np.ndarray:
    return (bboxes[:, 2:] - bboxes[:, :2]).prod(axis=1)
