"""The numbers by which detectors are compared, on any draw of the images."""

from collections.abc import Callable, Iterable

import numpy as np

from ..bootstrap import resampled_ap
from .calibration import NUM_BINS
from .error_budget import ERRORS, Listing, judge, listings
from .evaluation import Evaluation
from .matching import AREA_RANGES
from .operating_points import best_points

Numbers = dict[str, np.ndarray]
CLASS_PREFIX = 'AP of '
COST_PREFIX = 'cost of '


def figures(
    evaluation: Evaluation, draws: np.ndarray, track: Callable = iter
) -> Numbers:
    """Figures (B,) of a detector on each draw of images.

    AP of all kinds, AR, AP of each class, what errors cost, the calibration error, and
    precision, recall and F1 from the score on that is best for F1 on all images.

    Args:
        evaluation: the detector.
        draws: (I, B) how often each image is drawn; ones give the plain numbers.
        track: wraps the list of classes, to show progress.
    """
    images = draws.astype(float)
    numbers = _precision(evaluation, draws, track)
    numbers['AR@100'] = _recall(evaluation, images)
    numbers |= _costs(evaluation, draws, track)
    numbers['calibration error'] = _calibration_error(evaluation, images)
    return numbers | _at_threshold(evaluation, images)


def _precision(evaluation: Evaluation, draws: np.ndarray, track: Callable) -> Numbers:
    truth, matches = evaluation.truth, evaluation.matches
    shape = truth.num_classes, len(AREA_RANGES), 10, draws.shape[1]
    values = np.full(shape, np.nan, np.float32 if draws.shape[1] > 1 else float)
    for label in track(range(truth.num_classes)):
        own = evaluation.by_class[label]
        images = evaluation.found.images[own]
        for area in range(len(AREA_RANGES)):
            counted = (truth.labels == label) & ~matches.object_ignored[area]
            if not counted.any():
                continue
            hits = matches.correct[area][:, own]
            seen = ~matches.ignored[area][:, own]
            objects = np.bincount(truth.images[counted], minlength=truth.num_images)
            values[label, area] = resampled_ap(images, hits, seen, objects, draws)
    by_class = values.mean(axis=2)
    numbers = {'AP': _over_classes(by_class[:, 0])}
    numbers['AP50'] = _over_classes(values[:, 0, 0])
    numbers['AP75'] = _over_classes(values[:, 0, 5])
    for area, name in enumerate(('APs', 'APm', 'APl'), start=1):
        numbers[name] = _over_classes(by_class[:, area])
    for label, name in enumerate(truth.class_names):
        numbers[f'{CLASS_PREFIX}{name}'] = by_class[label, 0]
    return numbers


def _over_classes(values: np.ndarray) -> np.ndarray:
    """Mean (B,) over the classes (K, B) that have objects."""
    there = ~np.isnan(values)
    total = np.where(there, values, 0).sum(axis=0, dtype=float)
    count = there.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _recall(evaluation: Evaluation, images: np.ndarray) -> np.ndarray:
    truth, matches = evaluation.truth, evaluation.matches
    values = np.full((truth.num_classes, images.shape[1]), np.nan)
    hits = matches.correct[0].sum(axis=0)
    for label in np.flatnonzero(truth.counts):
        counted = (truth.labels == label) & ~truth.crowd
        total = _per_image(truth.images[counted], truth.num_images) @ images
        own = evaluation.by_class[label]
        found = _per_image(evaluation.found.images[own], truth.num_images, hits[own])
        with np.errstate(invalid='ignore'):
            values[label] = (found @ images) / total / len(matches.iou_thrs)
    return _over_classes(values)


def _costs(evaluation: Evaluation, draws: np.ndarray, track: Callable) -> Numbers:
    """AP50 that mending each kind of error would add."""
    wanted = [
        (name, listing)
        for name, listing in listings(evaluation, judge(evaluation))
        if name in ('', *ERRORS)
    ]
    after = {
        name: _listing_ap(evaluation, listing, draws) for name, listing in track(wanted)
    }
    return {
        f'{COST_PREFIX}{name}': np.maximum(after[name] - after[''], 0)
        for name in ERRORS
    }


def _listing_ap(
    evaluation: Evaluation, listing: Listing, draws: np.ndarray
) -> np.ndarray:
    truth = evaluation.truth
    values = np.full((truth.num_classes, draws.shape[1]), np.nan)
    for label in np.flatnonzero(truth.counts):
        own = np.flatnonzero(listing.kept & (listing.labels == label))
        own = own[np.argsort(-listing.scores[own], kind='stable')]
        chosen = listing.objects & (truth.labels == label)
        objects = _per_image(truth.images[chosen], truth.num_images)
        values[label] = resampled_ap(
            evaluation.found.images[own],
            listing.correct[None, own],
            np.ones((1, len(own)), bool),
            objects.astype(int),
            draws,
        )[0]
        # All objects of a draw are left out, and detections of it are there: as TIDE.
        class_objects = truth.images[(truth.labels == label) & ~truth.crowd]
        there = _per_image(class_objects, truth.num_images) @ draws > 0
        found = _per_image(evaluation.found.images[own], truth.num_images) @ draws > 0
        values[label, (objects @ draws == 0) & there & found] = 0
    return _over_classes(values)


def _calibration_error(evaluation: Evaluation, images: np.ndarray) -> np.ndarray:
    counted = evaluation.correct | evaluation.wrong
    scores, places = evaluation.found.scores, evaluation.found.images
    bins = np.clip((scores * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    gaps = np.zeros(images.shape[1])
    for index in range(NUM_BINS):
        own = counted & (bins == index)
        excess = scores[own] - evaluation.correct[own]
        gaps += abs(_per_image(places[own], len(images), excess) @ images)
    total = _per_image(places[counted], len(images)) @ images
    return np.where(total > 0, gaps / np.maximum(total, 1), np.nan)


def _at_threshold(evaluation: Evaluation, images: np.ndarray) -> Numbers:
    truth, found = evaluation.truth, evaluation.found
    kept = found.scores >= best_points(evaluation)[0]['threshold']
    right = kept & evaluation.correct
    counts = [
        _per_image(places, truth.num_images) @ images
        for places in (
            found.images[right],
            found.images[kept & (evaluation.correct | evaluation.wrong)],
            truth.images[~truth.crowd],
        )
    ]
    hits, total, objects = counts
    with np.errstate(invalid='ignore', divide='ignore'):
        return {
            'precision at best F1': hits / total,
            'recall at best F1': hits / objects,
            'best F1': 2 * hits / (total + objects),
        }


def _per_image(
    places: np.ndarray, num_images: int, weights: np.ndarray | None = None
) -> np.ndarray:
    """Sums (I,) of the weights, by image."""
    return np.bincount(places, weights, minlength=num_images).astype(float)


def main_figures(names: Iterable[str]) -> list[str]:
    """The figures that are not of a single class."""
    return [name for name in names if not name.startswith(CLASS_PREFIX)]
