"""Which objects are hard: the sensitivity analysis of Hoiem et al. (ECCV 2012), sec. 3.

Average precision of the objects that share a characteristic. It is normalised: every
class and every subset counts as if it had the same number of objects, without which
rare ones would have low precision.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .average_precision import RECALLS, nan_mean
from .evaluation import Evaluation

# Shares of a class's objects that lie below each limit (sec. 3.1).
QUANTILES = (0.1, 0.3, 0.7, 0.9)
LEVELS = {
    'size': ('extra small', 'small', 'medium', 'large', 'extra large'),
    'aspect ratio': ('extra tall', 'tall', 'medium', 'wide', 'extra wide'),
}


class Subset(NamedTuple):
    """Objects that share a characteristic."""

    characteristic: str
    level: str
    chosen: np.ndarray
    """(g,) bool."""


def sensitivity_rows(evaluation: Evaluation) -> list[dict]:
    """Normalised AP of each subset, mean over classes; nan where there are no objects.

    Rows have ``characteristic``, ``level``, ``objects``, the ``ap`` of these and
    ``overall``, that of all objects.
    """
    truth = evaluation.truth
    counts = truth.counts
    typical = float(counts[counts > 0].mean()) if counts.any() else 0.0
    everything = ~truth.crowd
    overall = _mean_ap(evaluation, everything, typical)
    rows = []
    for subset in subsets(evaluation):
        chosen = subset.chosen & everything
        value = _mean_ap(evaluation, chosen, typical)
        place = dict(characteristic=subset.characteristic, level=subset.level)
        measured = dict(objects=int(chosen.sum()), ap=value, overall=overall)
        rows.append(dict(place, **measured))
    return rows


def normalised_ap(
    correct: np.ndarray, counted: np.ndarray, num_objects: int, typical: float
) -> float:
    """AP at 101 recalls, precision being that of ``typical`` objects (sec. 3).

    Args:
        correct: (n,) bool, by falling score: detections that find an object.
        counted: (n,) bool: those and false positives.
        num_objects: at least 1.
        typical: number of objects that precision is normalised to.
    """
    recall = np.cumsum(correct) / num_objects
    wrong = np.cumsum(counted & ~correct)
    precision = recall * typical / np.maximum(recall * typical + wrong, 1e-12)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    places = np.searchsorted(recall, RECALLS, side='left')
    return float(np.append(precision, 0)[places].mean())


def _mean_ap(evaluation: Evaluation, chosen: np.ndarray, typical: float) -> float:
    truth = evaluation.truth
    matched = evaluation.matches.objects[0, 0]
    hits = evaluation.correct & np.append(chosen, False)[matched]
    values = np.full(truth.num_classes, np.nan)
    counts = np.bincount(truth.labels[chosen], minlength=truth.num_classes)
    for label in np.flatnonzero(counts):
        own = evaluation.by_class[label]
        # What finds an object of another subset is neither right nor wrong.
        counted = hits[own] | evaluation.wrong[own]
        values[label] = normalised_ap(hits[own], counted, int(counts[label]), typical)
    return nan_mean(values)


def subsets(evaluation: Evaluation) -> Iterator[Subset]:
    """Objects by each level of what can be measured, and by what is annotated."""
    truth = evaluation.truth
    width, height = truth.bboxes[:, 2], truth.bboxes[:, 3]
    ratios = width / np.maximum(height, 1e-9)
    measured = {'size': truth.areas, 'aspect ratio': ratios}
    for name, values in measured.items():
        places = levels(values, np.where(truth.crowd, -1, truth.labels))
        for index, level in enumerate(LEVELS[name]):
            yield Subset(name, level, places == index)
    for name, flags in truth.conditions.items():
        yield Subset(name, 'no', ~flags)
        yield Subset(name, 'yes', flags)


def levels(values: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Level (g,) of each object among those of its class, from 0 to 4.

    An object's place is the part of the others that are less, equal ones by half: equal
    objects are of one level, and those of a class that are all equal are medium.
    """
    places = np.zeros(len(values), int)
    for label in np.unique(labels):
        own = labels == label
        _, kinds, counts = np.unique(
            values[own], return_inverse=True, return_counts=True
        )
        shares = ((np.cumsum(counts) - counts / 2) / own.sum())[kinds]
        low, high = QUANTILES[:2], QUANTILES[2:]
        above = np.searchsorted(low, shares, side='right')
        places[own] = above + np.searchsorted(high, shares, side='left')
    return places
