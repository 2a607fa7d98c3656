"""What a detector does at a score threshold, and the best threshold of each class."""

import numpy as np

from .evaluation import Evaluation

THRESHOLDS = tuple(round(0.05 * i, 2) for i in range(1, 20))
ALL_CLASSES = 'all'


def operating_point(
    scores: np.ndarray, correct: np.ndarray, num_objects: int, threshold: float
) -> dict:
    """Numbers of the detections with scores from a threshold on.

    Args:
        scores: (n,).
        correct: (n,) bool.
        num_objects: objects to find.
        threshold: the least score.

    Returns:
        ``threshold``, ``correct``, ``wrong`` and ``missed`` counts, ``precision``,
        ``recall`` and ``f1``; nan where nothing is detected or to be found.
    """
    kept = scores >= threshold
    right, total = int((kept & correct).sum()), int(kept.sum())
    return dict(
        threshold=float(threshold),
        correct=right,
        wrong=total - right,
        missed=num_objects - right,
        precision=_ratio(right, total),
        recall=_ratio(right, num_objects),
        f1=_ratio(2 * right, total + num_objects) if num_objects else float('nan'),
    )


def best_point(scores: np.ndarray, correct: np.ndarray, num_objects: int) -> dict:
    """The operating point with the greatest F1, of equal ones that with fewest boxes.

    The threshold is the score of the last detection that it keeps; 1 if nothing is
    ever right.
    """
    order = np.argsort(-scores, kind='stable')
    ordered, hits = scores[order], np.cumsum(correct[order])
    # Of equal scores all are kept.
    last = np.append(ordered[1:] != ordered[:-1], True) if len(order) else order
    places = np.flatnonzero(last)
    if not num_objects or not len(places) or not hits[-1]:
        return operating_point(scores, correct, num_objects, 1.0)
    f1 = 2 * hits[places] / (places + 1 + num_objects)
    threshold = ordered[places[f1.argmax()]]
    return operating_point(scores, correct, num_objects, threshold)


def best_points(evaluation: Evaluation) -> list[dict]:
    """The best point of all classes together and of each class, with ``name``."""
    truth, found = evaluation.truth, evaluation.found
    counted = evaluation.correct | evaluation.wrong
    whole = found.scores[counted], evaluation.correct[counted]
    rows = [dict(name=ALL_CLASSES, **best_point(*whole, int(truth.counts.sum())))]
    for label, name in enumerate(truth.class_names):
        own = counted & (found.labels == label)
        values = found.scores[own], evaluation.correct[own]
        rows.append(dict(name=name, **best_point(*values, int(truth.counts[label]))))
    return rows


def operating_points(evaluation: Evaluation) -> list[dict]:
    """What all classes together give at each of ``THRESHOLDS``."""
    counted = evaluation.correct | evaluation.wrong
    scores, correct = evaluation.found.scores[counted], evaluation.correct[counted]
    total = int(evaluation.truth.counts.sum())
    return [operating_point(scores, correct, total, thr) for thr in THRESHOLDS]


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else float('nan')
