"""The bootstrap over images: how far a number would move with other images.

Images are drawn with replacement, as often as there are (Efron and Tibshirani, "An
Introduction to the Bootstrap", 1993, ch. 13). Two detectors are compared on the same
draws. It says nothing about other seeds of the training.
"""

from typing import NamedTuple

import numpy as np

from .report.average_precision import RECALLS

NUM_RESAMPLES = 1000
LEVEL = 0.95
# Detections times resamples that are in memory at once, by about 40 bytes each.
BLOCK = 4_000_000


class Interval(NamedTuple):
    """A measured number, and where it lies in most resamples."""

    value: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether all of the interval lies on one side of zero."""
        return self.low > 0 or self.high < 0


def draw_images(
    num_images: int, num_resamples: int = NUM_RESAMPLES, seed: int = 0
) -> np.ndarray:
    """How often each image is drawn (I, B), I images in each of B resamples."""
    if num_images < 1:
        raise ValueError(f'num_images must be positive, got {num_images}')
    rng = np.random.default_rng(seed)
    shares = np.full(num_images, 1 / num_images)
    draws = rng.multinomial(num_images, shares, size=num_resamples)
    return np.ascontiguousarray(draws.T, np.int32)


def percentile_interval(
    value: float, resampled: np.ndarray, level: float = LEVEL
) -> Interval:
    """The middle part of the resampled values.

    Args:
        value: measured on the data themselves.
        resampled: (B,) of the resamples; those that are nan are left out.
        level: part of the resamples inside.
    """
    there = resampled[~np.isnan(resampled)]
    if not there.size:
        return Interval(value, float('nan'), float('nan'))
    low, high = np.quantile(there, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(value), float(low), float(high))


def resampled_ap(
    images: np.ndarray,
    correct: np.ndarray,
    counted: np.ndarray,
    objects: np.ndarray,
    draws: np.ndarray,
    typical: np.ndarray | None = None,
) -> np.ndarray:
    """COCO's AP of one class in each resample, as if the images were copied.

    Args:
        images: (n,) index of each detection's image, by falling score.
        correct: (T, n) bool: true positives at T thresholds, or of T kinds of objects.
        counted: (T, n) bool: those that are not ignored.
        objects: (I,) objects of the class in each image, or (T, I) of each kind.
        draws: (I, B) as ``draw_images`` returns them.
        typical: (B,) number of objects that precision is normalised to (Hoiem et al.,
            ECCV 2012, sec. 3); None for COCO's precision.

    Returns:
        (T, B), nan in resamples without objects.
    """
    objects = np.broadcast_to(objects, (len(correct), len(draws)))
    num_draws = draws.shape[1]
    num_blocks = min(max(1, -(-len(images) * num_draws // BLOCK)), num_draws)
    blocks = np.array_split(np.arange(num_draws), num_blocks)
    parts = [
        _resampled_block(
            images,
            correct,
            counted,
            objects,
            draws[:, block],
            None if typical is None else typical[block],
        )
        for block in blocks
    ]
    return np.concatenate(parts, axis=1)


def _resampled_block(
    images: np.ndarray,
    correct: np.ndarray,
    counted: np.ndarray,
    objects: np.ndarray,
    draws: np.ndarray,
    typical: np.ndarray | None,
) -> np.ndarray:
    there = np.flatnonzero(objects.any(axis=0))
    num_objects = objects[:, there] @ draws[there]
    values = np.zeros((len(correct), draws.shape[1]))
    weights = draws[images]
    total = _running_sum(weights.copy())
    for row, (right, seen) in enumerate(zip(correct, counted, strict=True)):
        hits = np.flatnonzero(right)
        if len(hits):
            # Precision is greatest at true positives: they are all that counts.
            found = _running_sum(weights[hits])
            passed = total[hits] - _ignored_before(weights, seen, hits)
            num = np.maximum(num_objects[row], 1)
            if typical is not None:
                passed = found + (passed - found) * (num / np.maximum(typical, 1e-12))
            values[row] = _area(found, passed, num)
    return np.where(num_objects > 0, values, np.nan)


def _ignored_before(
    weights: np.ndarray, counted: np.ndarray, hits: np.ndarray
) -> np.ndarray | int:
    """Weights (p, B) of the ignored detections that come before each true positive."""
    skipped = np.flatnonzero(~counted)
    if not len(skipped):
        return 0
    none = np.zeros_like(weights[:1])
    passed = _running_sum(np.concatenate([none, weights[skipped]]))
    return passed[np.searchsorted(skipped, hits)]


def _running_sum(weights: np.ndarray) -> np.ndarray:
    # Row by row is five times as fast as numpy's cumsum along the first axis.
    for row in range(1, len(weights)):
        weights[row] += weights[row - 1]
    return weights


def _area(found: np.ndarray, seen: np.ndarray, num_objects: np.ndarray) -> np.ndarray:
    """AP (B,) of the true positives (p, B): objects found, detections seen by then."""
    precision = found / (seen + np.spacing(1))
    np.maximum.accumulate(precision[::-1], axis=0, out=precision[::-1])
    recall = found / num_objects
    # How many of the recalls are reached; the last bit decides at whole hundredths.
    reached = (recall * 100 + 1e-9).astype(np.intp)
    reached += RECALLS[reached] <= recall
    reached[1:] -= reached[:-1].copy()
    return np.einsum('pb,pb->b', precision, reached) / len(RECALLS)
