"""Several detectors on the same ground truth: which differences are more than noise."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy import stats

from ..bootstrap import Interval, draw_images, percentile_interval
from .evaluation import Evaluation
from .figures_of_merit import figures
from .operating_points import best_points


class Difference(NamedTuple):
    """Of one figure between two detectors."""

    figure: str
    first: float
    second: float
    change: Interval
    """Second minus first."""


class ObjectCounts(NamedTuple):
    """McNemar's table: objects found by two detectors."""

    both: int
    only_first: int
    only_second: int
    neither: int
    p_value: float
    """Two-sided, exact: how likely such an imbalance is if neither is better."""


def compare_figures(
    first: Evaluation,
    others: list[Evaluation],
    num_resamples: int,
    seed: int,
    track: Callable = iter,
) -> list[list[Difference]]:
    """Differences of all figures from those of the first, on the same draws of images.

    Args:
        first: the detector that the others are compared with.
        others: on the same ground truth.
        num_resamples: of the paired bootstrap.
        seed: of the draws.
        track: wraps lists of steps, to show progress.

    Returns:
        A list for each of the others, in the order of ``figures``.
    """
    images = first.truth.num_images
    plain = np.ones((images, 1), np.int32)
    draws = draw_images(images, num_resamples, seed)
    runs = [(figures(e, plain), figures(e, draws, track)) for e in (first, *others)]
    (value, resampled), *rest = runs
    return [
        [
            Difference(
                name,
                float(value[name][0]),
                float(other[name][0]),
                percentile_interval(
                    float(other[name][0] - value[name][0]),
                    redrawn[name] - resampled[name],
                ),
            )
            for name in value
        ]
        for other, redrawn in rest
    ]


def found_objects(evaluation: Evaluation) -> np.ndarray:
    """(g,) bool: found at an IoU of 0.5 from the detector's own best score for F1 on.

    One score for all detectors would favour the one with higher scores.
    """
    threshold = best_points(evaluation)[0]['threshold']
    right = evaluation.correct & (evaluation.found.scores >= threshold)
    found = np.zeros(len(evaluation.truth.labels), bool)
    found[evaluation.matches.objects[0, 0][right]] = True
    return found


def compare_objects(
    first: np.ndarray, second: np.ndarray, counted: np.ndarray
) -> ObjectCounts:
    """McNemar's test of which objects are found.

    Args:
        first: (g,) bool: found by the first detector.
        second: (g,) bool: found by the second.
        counted: (g,) bool: objects that are no crowds.
    """
    table = [
        int((counted & (first == one) & (second == two)).sum())
        for one, two in ((True, True), (True, False), (False, True), (False, False))
    ]
    unequal = table[1] + table[2]
    p_value = 1.0
    if unequal:
        p_value = float(stats.binomtest(table[1], unequal).pvalue)
    both, only_first, only_second, neither = table
    return ObjectCounts(both, only_first, only_second, neither, p_value)


def image_rows(
    evaluation: Evaluation, first: np.ndarray, second: np.ndarray
) -> list[dict]:
    """Images in which one detector finds objects that the other misses.

    Rows have ``image``, ``only_first`` and ``only_second``; where the difference is
    greatest comes first.
    """
    truth = evaluation.truth
    gained, lost = (
        np.bincount(truth.images[chosen], minlength=truth.num_images)
        for chosen in (second & ~first, first & ~second)
    )
    order = np.argsort(-abs(gained - lost), kind='stable')
    return [
        dict(
            image=truth.files[i] or str(truth.image_ids[i]),
            only_first=int(lost[i]),
            only_second=int(gained[i]),
        )
        for i in order
        if gained[i] or lost[i]
    ]


def verdict(names: tuple[str, str], change: Interval, num_resamples: int) -> str:
    """A sentence that says whether a difference of AP is more than noise."""
    first, second = names
    size = f'{abs(change.value):.3f} AP'
    interval = (
        f'95 % interval {change.low:+.3f} to {change.high:+.3f}, {num_resamples} '
        'resamples of the images'
    )
    if change.is_clear:
        word = 'better' if change.value > 0 else 'worse'
        return (
            f'{second} is {word} than {first} by {size} ({interval}): more than the '
            'choice of images explains.'
        )
    if change.value != change.value:
        return f'{second} and {first} cannot be compared: there are no objects.'
    return (
        f'{second} and {first} differ by {size} ({interval}): no more than the choice '
        'of images explains.'
    )
