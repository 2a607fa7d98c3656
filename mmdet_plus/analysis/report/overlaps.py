"""How much each detection overlaps the objects of its image."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from pycocotools import mask as coco_mask

from .detections import Detections
from .ground_truth import GroundTruth

KINDS = ('bbox', 'segm')


class Overlaps(NamedTuple):
    """Of each image, for its D detections and G objects, in the data's order."""

    ious: list[np.ndarray]
    """(D, G) IoU; with crowds the part of the detection that lies in them."""
    parts: list[np.ndarray]
    """(D, G) part of the detection that lies in the object."""


@dataclass(frozen=True)
class Nearest:
    """What lies nearest to each of n detections, crowds left out."""

    own_iou: np.ndarray
    """(n,) greatest IoU with an object of the detection's class, 0 without any."""
    own: np.ndarray
    """(n,) index of that object, -1 without any."""
    other_iou: np.ndarray
    """(n,) the same with an object of another class."""
    other: np.ndarray
    """(n,) index of that object, -1 without any."""
    similar_part: np.ndarray
    """(n,) greatest part in an object of a class of the same supercategory."""
    other_part: np.ndarray
    """(n,) greatest part in an object of any other class."""


def measure_overlaps(truth: GroundTruth, found: Detections, kind: str) -> Overlaps:
    """Overlaps of boxes or of masks, by pycocotools.

    Args:
        truth: the objects.
        found: the detections.
        kind: one of ``KINDS``.

    Raises:
        ValueError: for ``segm`` when objects or detections have no masks.
    """
    if kind == 'segm' and (truth.masks is None or found.masks is None):
        raise ValueError('there are no masks to compare')
    ious, parts = [], []
    for image in range(truth.num_images):
        objects, detections = truth.of_image(image), found.of_image(image)
        crowd = truth.crowd[objects].astype(np.uint8)
        shapes = _shapes(found, detections, kind), _shapes(truth, objects, kind)
        ious.append(_compare(*shapes, crowd))
        parts.append(_compare(*shapes, np.ones_like(crowd)))
    return Overlaps(ious, parts)


def find_nearest(truth: GroundTruth, found: Detections, overlaps: Overlaps) -> Nearest:
    """The nearest object of the same and of another class, for all detections."""
    num = len(found)
    ious, parts = np.zeros((2, num)), np.zeros((2, num))
    places = np.full((2, num), -1)
    groups = np.unique(truth.groups, return_inverse=True)[1]
    for image in range(truth.num_images):
        objects, detections = truth.of_image(image), found.of_image(image)
        if not overlaps.ious[image].size:
            continue
        labels, gt_labels = found.labels[detections], truth.labels[objects]
        same = labels[:, None] == gt_labels
        usable = ~truth.crowd[objects]
        for row, chosen in enumerate((same & usable, ~same & usable)):
            own = np.where(chosen, overlaps.ious[image], -1)
            best = own.argmax(axis=1)
            ious[row, detections] = own.max(axis=1).clip(0)
            place = np.where(chosen.any(axis=1), objects.start + best, -1)
            places[row, detections] = place
        similar = ~same & (groups[labels][:, None] == groups[gt_labels])
        for row, chosen in enumerate((similar, ~same)):
            inside = np.where(chosen, overlaps.parts[image], 0)
            parts[row, detections] = inside.max(axis=1)
    return Nearest(ious[0], places[0], ious[1], places[1], parts[0], parts[1])


def _shapes(
    data: GroundTruth | Detections, place: slice, kind: str
) -> np.ndarray | list[dict]:
    if kind == 'bbox':
        return data.bboxes[place]
    assert data.masks is not None
    return list(data.masks[place])


def _compare(
    found: np.ndarray | list[dict], objects: np.ndarray | list[dict], crowd: np.ndarray
) -> np.ndarray:
    if not len(found) or not len(objects):
        return np.zeros((len(found), len(objects)))
    return np.asarray(coco_mask.iou(found, objects, crowd))
