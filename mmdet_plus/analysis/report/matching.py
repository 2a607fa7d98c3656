"""Which detection finds which object, by COCO's rules.

``pycocotools`` has these rules as loops over images, classes, sizes, thresholds and
objects, which take minutes; ``faster-coco-eval`` does not give the matches out. Here
all sizes and thresholds of a detection are matched at once. Results are those of
``pycocotools`` to the last bit.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from .detections import Detections
from .ground_truth import GroundTruth
from .overlaps import Overlaps

IOU_THRS = np.linspace(0.5, 0.95, 10)
# Square pixels, both ends included; COCO's names and limits.
AREA_RANGES = {
    'all': (0.0, 1e10),
    'small': (0.0, 32.0**2),
    'medium': (32.0**2, 96.0**2),
    'large': (96.0**2, 1e10),
}


@dataclass(frozen=True)
class Matches:
    """Of n detections and g objects, for A ranges of areas and T thresholds."""

    iou_thrs: np.ndarray
    """(T,)."""
    objects: np.ndarray
    """(A, T, n) index of the object that is found, -1 for none."""
    ignored: np.ndarray
    """(A, T, n) bool: detections that do not count."""
    object_ignored: np.ndarray
    """(A, g) bool: objects that do not count."""

    @property
    def correct(self) -> np.ndarray:
        """(A, T, n) bool: true positives."""
        return (self.objects >= 0) & ~self.ignored

    @property
    def wrong(self) -> np.ndarray:
        """(A, T, n) bool: false positives."""
        return (self.objects < 0) & ~self.ignored

    def found(self, area: int = 0, threshold: int = 0) -> np.ndarray:
        """(g,) bool: which objects count and are found."""
        places = self.objects[area, threshold]
        hit = np.zeros(self.object_ignored.shape[1], bool)
        hit[places[places >= 0]] = True
        return hit & ~self.object_ignored[area]


def match(
    truth: GroundTruth,
    found: Detections,
    overlaps: Overlaps,
    areas: np.ndarray,
    iou_thrs: Sequence[float] | np.ndarray = IOU_THRS,
    area_ranges: Sequence[tuple[float, float]] = tuple(AREA_RANGES.values()),
) -> Matches:
    """Match the detections of a data set.

    In the order of their scores, each detection takes the free object of its class
    that it overlaps most. Objects that do not count, crowds and those of other sizes,
    come last; the detections that take them do not count either.

    Args:
        truth: the objects.
        found: the detections.
        overlaps: between the two.
        areas: (n,) of the detections.
        iou_thrs: least overlaps.
        area_ranges: of the objects that count.
    """
    thrs = np.minimum(np.asarray(iou_thrs, float), 1 - 1e-10)
    low, high = np.array(area_ranges, float).T[:, :, None]
    object_ignored = truth.crowd | (truth.areas < low) | (truth.areas > high)
    places = np.full((len(area_ranges), len(thrs), len(found)), -1, np.int32)
    for image in range(truth.num_images):
        objects, detections = truth.of_image(image), found.of_image(image)
        if not overlaps.ious[image].size:
            continue
        same = found.labels[detections, None] == truth.labels[objects]
        ious = np.where(same, overlaps.ious[image], -1)
        own = _match_image(ious, truth.crowd[objects], object_ignored[:, objects], thrs)
        places[..., detections] = np.where(own >= 0, own + objects.start, -1)
    outside = (areas < low) | (areas > high)
    on_ignored = _take(object_ignored, places)
    ignored = np.where(places >= 0, on_ignored, outside[:, None])
    return Matches(np.asarray(iou_thrs, float), places, ignored, object_ignored)


def _match_image(
    ious: np.ndarray, crowd: np.ndarray, ignored: np.ndarray, thrs: np.ndarray
) -> np.ndarray:
    """Objects (A, T, D) of an image that its detections take, -1 for none.

    Args:
        ious: (D, G), below 0 for objects of other classes.
        crowd: (G,) bool: can be taken many times.
        ignored: (A, G) bool.
        thrs: (T,).
    """
    taken = np.zeros((len(ignored), len(thrs), len(crowd)), bool)
    places = np.full((len(ignored), len(thrs), len(ious)), -1, np.int32)
    for index in np.flatnonzero(ious.max(axis=1) >= thrs.min()):
        near = np.flatnonzero(ious[index] >= thrs.min())
        own = ious[index, near]
        free = own >= thrs[:, None]
        free = free & (~taken[..., near] | crowd[near])
        # Ranks of overlaps, the last of equal ones first, as COCO has it; objects that
        # count come before all others.
        keys = np.empty(len(near), int)
        keys[np.argsort(own, kind='stable')] = np.arange(len(near))
        keys = keys + len(near) * ~ignored[:, None, near]
        best = np.where(free, keys, -1)
        chosen = best.argmax(axis=2)
        hit = best.max(axis=2) >= 0
        places[..., index] = np.where(hit, near[chosen], -1)
        area, threshold = np.nonzero(hit)
        taken[area, threshold, near[chosen[area, threshold]]] = True
    return places


def _take(flags: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Flags (A, g) at places (A, T, n); any for places of -1."""
    if not flags.shape[1]:
        return np.zeros(places.shape, bool)
    return np.stack([row[own] for row, own in zip(flags, places, strict=True)])
