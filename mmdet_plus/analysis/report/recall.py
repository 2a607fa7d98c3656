"""Recall against the number of boxes, of detections and of proposals."""

from dataclasses import replace

import numpy as np

from .detections import Detections
from .evaluation import Evaluation
from .ground_truth import GroundTruth
from .matching import AREA_RANGES, IOU_THRS, match
from .overlaps import measure_overlaps

COUNTS = (1, 2, 3, 5, 10, 20, 30, 50, 100)
PROPOSAL_COUNTS = (*COUNTS, 200, 300, 500, 1000)


def detection_recall(evaluation: Evaluation) -> list[dict]:
    """Recall with the best boxes of each class in each image, over all objects.

    Rows have ``boxes`` and recalls: ``mean`` of all IoU thresholds, ``R50``, ``R75``.
    COCO's AR is the mean over classes, this is the part of all objects.
    """
    total = int(evaluation.truth.counts.sum())
    correct = evaluation.matches.correct[0]
    return _rows(correct, evaluation.found.ranks, total, COUNTS)


def proposal_recall(truth: GroundTruth, proposals: Detections) -> list[dict]:
    """The same of proposals, which have no classes.

    Args:
        truth: the objects; their classes do not matter.
        proposals: all of one class, arranged with as many per image as are wanted.
    """
    objects = replace(truth, labels=np.zeros_like(truth.labels))
    overlaps = measure_overlaps(objects, proposals, 'bbox')
    areas = proposals.areas('bbox')
    matches = match(objects, proposals, overlaps, areas, IOU_THRS, [AREA_RANGES['all']])
    total = int(truth.counts.sum())
    return _rows(matches.correct[0], proposals.ranks, total, PROPOSAL_COUNTS)


def _rows(
    correct: np.ndarray, ranks: np.ndarray, total: int, counts: tuple[int, ...]
) -> list[dict]:
    rows = []
    for count in counts:
        hits = (correct & (ranks < count)).sum(axis=1)
        recall = hits / total if total else np.full(len(hits), np.nan)
        values = dict(mean=recall.mean(), R50=recall[0], R75=recall[5])
        rows.append(dict(boxes=count, **{k: float(v) for k, v in values.items()}))
    return rows
