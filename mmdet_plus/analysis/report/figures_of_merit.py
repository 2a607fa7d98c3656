"""The numbers by which detectors are compared, on any draw of the images."""

from collections.abc import Callable

import numpy as np

from ..bootstrap import resampled_ap
from .average_precision import MAX_DETECTIONS
from .calibration import NUM_BINS, score_and_iou
from .error_analysis import LOOSE_STEPS, loose_detections
from .error_budget import ERRORS, Listing, judge, listings
from .evaluation import Evaluation
from .hard_false_positives import HARD_SCORE, kinds_of_detections
from .matching import AREA_RANGES
from .operating_points import best_points
from .sensitivity import subsets

Numbers = dict[str, np.ndarray]
# Figures that every class has, and one for every kind of error.
CLASS_PREFIXES = ('AP of ', 'AP50 of ', 'AP75 of ')
COST_PREFIX = 'cost of '
STEP_PREFIX = 'error analysis: '


def figures(
    evaluation: Evaluation, draws: np.ndarray, track: Callable = iter
) -> Numbers:
    """Figures (B,) of a detector on each draw of images.

    AP and AR of all kinds, AP of each class, what errors cost, AP50 without confident
    false positives, the areas of COCO's error analysis (C75, C50 and FN are AP75, AP50
    and 1), the calibration error, the correlation of score and IoU, precision, recall
    and F1 from the score on that is best for F1 on all images, and normalised AP50 of
    hard kinds of objects.

    Args:
        evaluation: the detector.
        draws: (I, B) how often each image is drawn; ones give the plain numbers.
        track: wraps the list of classes, to show progress.
    """
    images = draws.astype(float)
    numbers = _precision(evaluation, draws, track)
    numbers |= _recalls(evaluation, images)
    numbers |= _costs(evaluation, draws, track)
    numbers |= _forgiven(evaluation, draws, track)
    numbers['calibration error'] = _calibration_error(evaluation, images)
    numbers |= _correlations(evaluation, images)
    numbers |= _at_threshold(evaluation, images)
    return numbers | _sensitivity(evaluation, draws, track)


def class_of(figure: str) -> tuple[str, str] | None:
    """The number and the class of a figure of a single class."""
    if not figure.startswith(CLASS_PREFIXES):
        return None
    number, _, name = figure.partition(' of ')
    return number, name


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
    for place, thr in enumerate(matches.iou_thrs):
        numbers[f'AP{100 * thr:.0f}'] = _over_classes(values[:, 0, place])
    for area, name in enumerate(('APs', 'APm', 'APl'), start=1):
        numbers[name] = _over_classes(by_class[:, area])
    shown = by_class[:, 0], values[:, 0, 0], values[:, 0, 5]
    for prefix, own in zip(CLASS_PREFIXES, shown, strict=True):
        for label, name in enumerate(truth.class_names):
            numbers[f'{prefix}{name}'] = own[label]
    return numbers


def _over_classes(values: np.ndarray) -> np.ndarray:
    """Mean (B,) over the classes (K, B) that have objects."""
    there = ~np.isnan(values)
    total = np.where(there, values, 0).sum(axis=0, dtype=float)
    count = there.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _recalls(evaluation: Evaluation, images: np.ndarray) -> Numbers:
    numbers = {
        f'AR@{most}': _recall(evaluation, images, 0, most) for most in MAX_DETECTIONS
    }
    for area, name in enumerate(('ARs', 'ARm', 'ARl'), start=1):
        numbers[name] = _recall(evaluation, images, area, MAX_DETECTIONS[-1])
    return numbers


def _recall(
    evaluation: Evaluation, images: np.ndarray, area: int, most: int
) -> np.ndarray:
    truth, matches, ranks = evaluation.truth, evaluation.matches, evaluation.found.ranks
    values = np.full((truth.num_classes, images.shape[1]), np.nan)
    hits = (matches.correct[area] & (ranks < most)).sum(axis=0)
    for label in np.flatnonzero(truth.counts):
        counted = (truth.labels == label) & ~matches.object_ignored[area]
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


def _forgiven(evaluation: Evaluation, draws: np.ndarray, track: Callable) -> Numbers:
    """AP50 without confident false positives, and the steps of COCO's analysis."""
    truth, found = evaluation.truth, evaluation.found
    kinds = kinds_of_detections(evaluation)
    kept = (kinds == -1) | ((kinds >= 0) & (found.scores <= HARD_SCORE))
    loose, counted = loose_detections(evaluation)
    correct, counted = np.vstack([kinds == -1, loose]), np.vstack([kept, counted])
    values = np.full((len(correct), truth.num_classes, draws.shape[1]), np.nan)
    for label in track(np.flatnonzero(truth.counts)):
        own = evaluation.by_class[label]
        objects = truth.images[(truth.labels == label) & ~truth.crowd]
        values[:, label] = resampled_ap(
            found.images[own],
            correct[:, own],
            counted[:, own],
            np.bincount(objects, minlength=truth.num_images),
            draws,
        )
    names = [f'AP50 without FP above {HARD_SCORE:g}']
    names += [f'{STEP_PREFIX}{step}' for step in LOOSE_STEPS]
    return {n: _over_classes(own) for n, own in zip(names, values, strict=True)}


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


def _correlations(evaluation: Evaluation, images: np.ndarray) -> Numbers:
    touching = score_and_iou(evaluation)
    every = np.ones(len(touching['score']), bool)
    return {
        f'Pearson of score and IoU{name}': _correlation(touching, chosen, images)
        for name, chosen in (('', every), (', found', touching['correct']))
    }


def _correlation(
    touching: dict[str, np.ndarray], chosen: np.ndarray, images: np.ndarray
) -> np.ndarray:
    """Pearson's correlation (B,) of score and IoU; nan where one does not vary."""
    x, y, places = (touching[key][chosen] for key in ('score', 'iou', 'image'))
    if not len(x):
        return np.full(images.shape[1], np.nan)
    x, y = x - x.mean(), y - y.mean()  # small sums lose fewer digits
    count, *sums = (
        _per_image(places, len(images), values) @ images
        for values in (np.ones(len(x)), x, y, x * x, y * y, x * y)
    )
    with np.errstate(invalid='ignore', divide='ignore'):
        mean_x, mean_y, xx, yy, xy = (total / count for total in sums)
        spread_x, spread_y = xx - mean_x**2, yy - mean_y**2
        value = (xy - mean_x * mean_y) / np.sqrt(spread_x * spread_y)
    varies = (count > 1) & (spread_x > 1e-18) & (spread_y > 1e-18)
    return np.where(varies, value, np.nan)


def _sensitivity(evaluation: Evaluation, draws: np.ndarray, track: Callable) -> Numbers:
    """Normalised AP50 of each kind of objects; kinds are those in all images."""
    truth, right = evaluation.truth, evaluation.correct
    kinds = list(subsets(evaluation))
    chosen = np.array([kind.chosen & ~truth.crowd for kind in kinds])
    hits = right & np.pad(chosen, ((0, 0), (0, 1)))[:, evaluation.matches.objects[0, 0]]
    values = np.full((len(kinds), truth.num_classes, draws.shape[1]), np.nan)
    typical = _typical(evaluation, draws)
    for label in track(np.flatnonzero(truth.counts)):
        own = evaluation.by_class[label]
        of_class = chosen & (truth.labels == label)
        values[:, label] = resampled_ap(
            evaluation.found.images[own],
            hits[:, own],
            hits[:, own] | evaluation.wrong[own],
            np.array([_per_image(truth.images[c], len(draws)) for c in of_class]),
            draws,
            typical,
        )
    return {
        f'AP50 by {kind.characteristic}: {kind.level}': _over_classes(own)
        for kind, own in zip(kinds, values, strict=True)
    }


def _typical(evaluation: Evaluation, draws: np.ndarray) -> np.ndarray:
    """Mean number (B,) of objects of the classes that a draw has objects of."""
    truth = evaluation.truth
    counts = np.array(
        [
            _per_image(truth.images[(truth.labels == i) & ~truth.crowd], len(draws))
            for i in range(truth.num_classes)
        ]
    )
    drawn = counts @ draws
    return drawn.sum(axis=0) / np.maximum((drawn > 0).sum(axis=0), 1)


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
