"""What each kind of error costs: AP if an oracle mends it and nothing else.

The types of TIDE (Bolya et al., ECCV 2020, arXiv 2008.08115), sec. 2.2 and 2.3.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from .average_precision import nan_mean, precision_at_recalls
from .evaluation import BACKGROUND_IOU, IOU_THR, Evaluation
from .ground_truth import GroundTruth

# The first five are kinds of false positives, the last is of objects.
ERRORS = (
    'classification',
    'localisation',
    'both',
    'duplicate',
    'background',
    'missed',
)
# All false positives, or all objects that are not found, at once.
SUMS = ('false positives', 'false negatives')


class Judgement(NamedTuple):
    """Which error each of n detections and g objects is."""

    errors: np.ndarray
    """(n,) index of ``ERRORS``, -1 for detections that are right."""
    targets: np.ndarray
    """(n,) object that the detection would find if it were mended, -1 for none."""
    missed: np.ndarray
    """(g,) bool: objects that no mended detection would find."""
    lost: np.ndarray
    """(g,) bool: objects that are not found, for whatever reason."""


class Listing(NamedTuple):
    """Detections to measure the AP of, and how many objects there are."""

    kept: np.ndarray
    """(n,) bool: which detections are there."""
    labels: np.ndarray
    """(n,) class."""
    scores: np.ndarray
    """(n,)."""
    correct: np.ndarray
    """(n,) bool."""
    objects: np.ndarray
    """(g,) bool: which objects are there."""


def judge(evaluation: Evaluation) -> Judgement:
    """Tell which error each detection and each object is, at an IoU of 0.5.

    As in TIDE, detections on crowds are judged too: an oracle can make them right.
    """
    nearest, truth = evaluation.nearest, evaluation.truth
    own, other = nearest.own_iou, nearest.other_iou
    best = np.maximum(own, other)
    beside = (own >= BACKGROUND_IOU) & (own <= IOU_THR)
    conditions = [best <= 0, beside, other >= IOU_THR, own >= IOU_THR]
    conditions.append(best <= BACKGROUND_IOU)
    errors = np.select(conditions, [4, 1, 0, 3, 4], default=2)
    errors[evaluation.correct] = -1
    targets = np.select([errors == 1, errors == 0], [nearest.own, nearest.other], -1)
    found = evaluation.matches.found()
    usable = np.zeros(len(found), bool)
    usable[targets[targets >= 0]] = True
    targets = _best_only(targets, found, evaluation.found.scores)
    lost = ~found & ~truth.crowd
    return Judgement(errors, targets, lost & ~usable, lost)


def _best_only(
    targets: np.ndarray, found: np.ndarray, scores: np.ndarray
) -> np.ndarray:
    """Targets that are free, each for the detection with the best score."""
    order = np.argsort(-scores, kind='stable')
    wanted = targets[order]
    free = (wanted >= 0) & ~np.append(found, False)[wanted]
    _, first = np.unique(np.where(free, wanted, -1), return_index=True)
    mended = np.full(len(targets), -1)
    chosen = first[free[first]]
    mended[order[chosen]] = wanted[chosen]
    return mended


def listings(
    evaluation: Evaluation, judgement: Judgement
) -> Iterator[tuple[str, Listing]]:
    """The detections as they are, named ``''``, and with each error mended."""
    found, truth = evaluation.found, evaluation.truth
    right = evaluation.correct
    counted = right | evaluation.wrong
    objects = ~truth.crowd
    plain = Listing(counted, found.labels, found.scores, right, objects)
    yield '', plain
    for index, name in enumerate(ERRORS[:-1]):
        own = judgement.errors == index
        mended = own & (judgement.targets >= 0)
        labels = found.labels.copy()
        labels[mended] = truth.labels[judgement.targets[mended]]
        kept = (counted & ~own) | mended
        yield name, plain._replace(kept=kept, labels=labels, correct=right | mended)
    yield 'missed', plain._replace(objects=objects & ~judgement.missed)
    scores = right.astype(float)
    yield 'false positives', plain._replace(scores=scores)
    yield 'false negatives', plain._replace(objects=objects & ~judgement.lost)


def listing_ap(listing: Listing, truth: GroundTruth) -> float:
    """Mean AP at one IoU over the classes that have objects in the data set."""
    values = np.full(truth.num_classes, np.nan)
    counts = np.bincount(truth.labels[listing.objects], minlength=truth.num_classes)
    for label in np.flatnonzero(truth.counts):
        own = np.flatnonzero(listing.kept & (listing.labels == label))
        own = own[np.argsort(-listing.scores[own], kind='stable')]
        if counts[label]:
            curve, _ = precision_at_recalls(
                listing.correct[None, own],
                np.ones((1, len(own)), bool),
                listing.scores[own],
                int(counts[label]),
            )
            values[label] = curve.mean()
        elif len(own):
            # Objects that were all missed are gone, what was found is wrong.
            values[label] = 0
    return nan_mean(values)


def error_budget(
    evaluation: Evaluation, judgement: Judgement
) -> list[dict[str, str | int | float]]:
    """AP50 that mending each of ``ERRORS`` and ``SUMS`` would add; they do not add up.

    Args:
        evaluation: the detector.
        judgement: of its errors.

    Returns:
        Rows with ``error``, ``count`` of detections or objects, ``ap`` after mending
        and ``gain``.
    """
    counts = {name: (judgement.errors == i).sum() for i, name in enumerate(ERRORS)}
    counts['missed'] = judgement.missed.sum()
    counts['false positives'] = evaluation.wrong.sum()
    counts['false negatives'] = judgement.lost.sum()
    rows: list[dict[str, str | int | float]] = []
    before = float('nan')
    for name, listing in listings(evaluation, judgement):
        after = listing_ap(listing, evaluation.truth)
        if not name:
            before = after
            continue
        # Interpolation can make a mended list a little worse.
        gain = max(after - before, 0) if before == before else before
        rows.append(dict(error=name, count=int(counts[name]), ap=after, gain=gain))
    return rows
