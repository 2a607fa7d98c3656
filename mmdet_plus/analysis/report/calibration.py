"""Whether scores mean what they say: reliability, and score against overlap."""

import numpy as np

from .evaluation import Evaluation

NUM_BINS = 10


def reliability_rows(scores: np.ndarray, correct: np.ndarray) -> list[dict]:
    """Detections by score: how many, their mean score, and the part that is right.

    Args:
        scores: (n,) in [0, 1]; those outside are in the first or last interval.
        correct: (n,) bool.

    Returns:
        Rows with ``low``, ``high``, ``count``, ``score`` and ``precision``; the last
        two are nan in empty intervals.
    """
    places = np.clip((scores * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    counts = np.bincount(places, minlength=NUM_BINS)
    sums = np.bincount(places, scores, NUM_BINS), np.bincount(places, correct, NUM_BINS)
    rows = []
    for i, count in enumerate(counts.tolist()):
        row = dict(low=i / NUM_BINS, high=(i + 1) / NUM_BINS, count=count)
        for name, total in zip(('score', 'precision'), sums, strict=True):
            row[name] = float(total[i] / count) if count else float('nan')
        rows.append(row)
    return rows


def calibration_error(rows: list[dict]) -> float:
    """Expected calibration error of a detector.

    That of Guo et al. (arXiv 1706.04599, eq. 3) with precision in place of accuracy:
    the D-ECE of Kueppers et al. (arXiv 2004.13546) of the scores alone, of all
    detections that the detector gives, whatever threshold they are used at.

    Args:
        rows: as ``reliability_rows`` returns them.

    Returns:
        The mean distance of score and precision over detections, nan without any.
    """
    return sum(calibration_parts(rows))


def calibration_parts(rows: list[dict]) -> tuple[float, float]:
    """The part of the error by scores that are too high, and by those too low."""
    total = sum(row['count'] for row in rows)
    if not total:
        return float('nan'), float('nan')
    gaps = [
        row['count'] * (row['score'] - row['precision']) / total
        for row in rows
        if row['count']
    ]
    return sum(gap for gap in gaps if gap > 0), -sum(gap for gap in gaps if gap < 0)


def score_and_iou(evaluation: Evaluation) -> dict[str, np.ndarray]:
    """``score``, ``iou``, ``correct`` and ``image`` of what touches its class.

    IoU is that with the object found, or else with the best of the class.
    """
    matched = evaluation.matches.objects[0, 0]
    ious = evaluation.nearest.own_iou.copy()
    for index in np.flatnonzero(evaluation.correct):
        image = evaluation.found.images[index]
        row = index - evaluation.found.of_image(image).start
        column = matched[index] - evaluation.truth.of_image(image).start
        ious[index] = evaluation.overlaps.ious[image][row, column]
    shown = (ious > 0) & (evaluation.correct | evaluation.wrong)
    return dict(
        score=evaluation.found.scores[shown],
        iou=ious[shown],
        correct=evaluation.correct[shown],
        image=evaluation.found.images[shown],
    )


def pearson(first: np.ndarray, second: np.ndarray) -> float:
    """Correlation of two quantities (n,); nan where one of them does not vary."""
    if len(first) < 2 or min(first.std(), second.std()) < 1e-12:
        return float('nan')
    return float(np.corrcoef(first, second)[0, 1])
