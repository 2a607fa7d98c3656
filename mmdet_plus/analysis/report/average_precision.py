"""Precision, recall and average precision of COCO, for all classes and sizes."""

from typing import NamedTuple

import numpy as np

from .detections import Detections
from .ground_truth import GroundTruth
from .matching import AREA_RANGES, Matches

RECALLS = np.linspace(0, 1, 101)
MAX_DETECTIONS = (1, 10, 100)


class Curves(NamedTuple):
    """Of T thresholds, K classes and A ranges of areas; nan without objects."""

    precision: np.ndarray
    """(T, 101, K, A) greatest precision at each of ``RECALLS`` or above."""
    scores: np.ndarray
    """(T, 101, K, A) of the detection where the recall is reached."""
    recall: np.ndarray
    """(T, K, A, M) with at most 1, 10 and 100 detections of a class in an image."""


def accumulate(truth: GroundTruth, found: Detections, matches: Matches) -> Curves:
    """Join the matches of all images, as ``COCOeval.accumulate`` does."""
    num_areas, num_thrs = matches.objects.shape[:2]
    size = num_thrs, len(RECALLS), truth.num_classes, num_areas
    precision, scores = np.full(size, np.nan), np.full(size, np.nan)
    recall = np.full((*size[:1], *size[2:], len(MAX_DETECTIONS)), np.nan)
    correct = matches.correct
    for label in range(truth.num_classes):
        own = of_class(found, label)
        objects = ~matches.object_ignored & (truth.labels == label)
        for area, count in enumerate(objects.sum(axis=1)):
            if not count:
                continue
            hits = correct[area][:, own]
            counted = ~matches.ignored[area][:, own]
            curve = precision_at_recalls(hits, counted, found.scores[own], count)
            precision[:, :, label, area], scores[:, :, label, area] = curve
            for m, most in enumerate(MAX_DETECTIONS):
                kept = hits & (found.ranks[own] < most)
                recall[:, label, area, m] = kept.sum(axis=1) / count
    return Curves(precision, scores, recall)


def of_class(found: Detections, label: int) -> np.ndarray:
    """Indices of the detections of a class by falling score, ties as COCO has them."""
    own = np.flatnonzero(found.labels == label)
    return own[np.argsort(-found.scores[own], kind='stable')]


def precision_at_recalls(
    correct: np.ndarray, counted: np.ndarray, scores: np.ndarray, num_objects: int
) -> tuple[np.ndarray, np.ndarray]:
    """Interpolated precision and the scores (T, 101) of n detections.

    Args:
        correct: (T, n) bool, by falling score.
        counted: (T, n) bool: those that are not ignored.
        scores: (n,), falling.
        num_objects: at least 1.
    """
    hits = np.cumsum(correct, axis=1, dtype=float)
    total = np.cumsum(counted, axis=1, dtype=float)
    exact = hits / (total + np.spacing(1))
    exact = np.maximum.accumulate(exact[:, ::-1], axis=1)[:, ::-1]
    precision = np.zeros((len(correct), len(RECALLS)))
    at_recall = np.zeros_like(precision)
    for row, recall in enumerate(hits / num_objects):
        places = np.searchsorted(recall, RECALLS, side='left')
        reached = places < len(recall)
        precision[row, reached] = exact[row, places[reached]]
        at_recall[row, reached] = scores[places[reached]]
    return precision, at_recall


def class_ap(curves: Curves) -> dict[str, np.ndarray]:
    """(K,) AP, AP50, AP75, APs, APm and APl of each class; nan without objects."""
    by_threshold = curves.precision.mean(axis=1)
    averages = by_threshold.mean(axis=0)
    values = dict(AP=averages[:, 0], AP50=by_threshold[0, :, 0])
    values['AP75'] = by_threshold[5, :, 0]
    sizes = zip(list(AREA_RANGES)[1:], ('APs', 'APm', 'APl'), strict=True)
    for area, (_, name) in enumerate(sizes, start=1):
        values[name] = averages[:, area]
    return values


def summarize(curves: Curves) -> dict[str, float]:
    """COCO's twelve numbers; nan where there are no objects."""
    numbers = {name: nan_mean(values) for name, values in class_ap(curves).items()}
    for m, most in enumerate(MAX_DETECTIONS):
        numbers[f'AR@{most}'] = nan_mean(curves.recall[:, :, 0, m])
    for area, name in enumerate(('ARs', 'ARm', 'ARl'), start=1):
        numbers[name] = nan_mean(curves.recall[:, :, area, -1])
    return numbers


def nan_mean(values: np.ndarray) -> float:
    """Mean of what is there; nan if nothing is."""
    there = values[~np.isnan(values)]
    return float(there.mean()) if there.size else float('nan')
