"""Hard false positives of an evaluated detector; see ``analysis/false_positives``."""

import numpy as np

from ..false_positives.judging import Judged, hypothetical_ap, judge_overlaps
from .evaluation import Evaluation

SCORES = tuple(round(0.1 * i, 1) for i in range(11))
HARD_SCORE = 0.3


def judge_detections(evaluation: Evaluation) -> Judged:
    """Tell which detections are false positives, and of which kind."""
    found, kinds = evaluation.found, kinds_of_detections(evaluation)
    judged = kinds != -2
    return Judged(found.scores[judged], found.labels[judged], kinds[judged])


def kinds_of_detections(evaluation: Evaluation) -> np.ndarray:
    """What each detection is (n,), as ``judge_image`` tells it."""
    truth, found = evaluation.truth, evaluation.found
    kinds = np.full(len(found), -2)
    for image, ious in enumerate(evaluation.overlaps.ious):
        objects, detections = truth.of_image(image), found.of_image(image)
        kinds[detections] = judge_overlaps(
            ious,
            found.scores[detections],
            found.labels[detections],
            truth.labels[objects],
            truth.crowd[objects],
        )
    return kinds


def hypothetical_rows(judged: Judged, counts: np.ndarray) -> list[dict]:
    """AP50 without the false positives above each of ``SCORES``; at 1 all stay."""
    return [
        dict(score=score, ap50=hypothetical_ap(judged, counts, score))
        for score in SCORES
    ]
