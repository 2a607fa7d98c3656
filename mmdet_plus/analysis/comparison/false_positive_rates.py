"""False positives at equal recall, on any draw of the images."""

import numpy as np

from ..report.evaluation import Evaluation
from ..report.figures_of_merit import Numbers

RECALLS = (0.3, 0.5, 0.7)
# Draws at a time: a number for each detection and draw is in memory.
CHUNK = 50


def false_positive_rates(evaluation: Evaluation, draws: np.ndarray) -> Numbers:
    """False positives per object (B,) where each of ``RECALLS`` is reached.

    Detections of all classes are taken in the order of their scores until so many of
    the objects are found, at an IoU of 0.5. Detectors whose scores mean different
    things can be compared by it: a score of 0.3 is not the same to all (DCR, arXiv
    1810.04002, sec. 3, counts above a score).

    Args:
        evaluation: the detector.
        draws: (I, B) how often each image is drawn.

    Returns:
        By the name of the figure; infinite where the recall is never reached, nan for
        draws without objects.
    """
    parts = [
        _rates(evaluation, draws[:, start : start + CHUNK])
        for start in range(0, draws.shape[1], CHUNK)
    ]
    values = np.concatenate(parts, axis=1)
    return {
        f'false positives per object at recall {recall}': own
        for recall, own in zip(RECALLS, values, strict=True)
    }


def _rates(evaluation: Evaluation, draws: np.ndarray) -> np.ndarray:
    """(R, B) of the figures."""
    truth, found = evaluation.truth, evaluation.found
    order = np.argsort(-found.scores, kind='stable')
    times = draws[found.images[order]]
    hits = (times * evaluation.correct[order, None]).cumsum(axis=0)
    misses = (times * evaluation.wrong[order, None]).cumsum(axis=0)
    places = truth.images[~truth.crowd]
    objects = np.bincount(places, minlength=truth.num_images) @ draws
    rates = np.full((len(RECALLS), draws.shape[1]), np.inf)
    for row, recall in enumerate(RECALLS):
        reached = hits >= np.maximum(recall * objects, 1)
        columns = np.flatnonzero(reached.any(axis=0))
        first = reached[:, columns].argmax(axis=0)
        rates[row, columns] = misses[first, columns] / objects[columns]
    rates[:, objects == 0] = np.nan
    return rates
