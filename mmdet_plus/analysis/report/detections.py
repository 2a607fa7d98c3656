"""What a detector found, as arrays, read from result files."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pycocotools import mask as coco_mask

from .ground_truth import GroundTruth

# Of a class in an image, as in COCO's evaluation.
MAX_PER_IMAGE = 100
KEYS = ('image_id', 'category_id', 'score')


@dataclass(frozen=True)
class Detections:
    """n detections, ordered by image, then by falling score."""

    images: np.ndarray
    """(n,) index of the image."""
    labels: np.ndarray
    """(n,) index of the class."""
    scores: np.ndarray
    """(n,)."""
    bboxes: np.ndarray
    """(n, 4) x, y, width, height in pixels of the original image."""
    ranks: np.ndarray
    """(n,) place among those of the same class and image, from 0."""
    masks: tuple[dict, ...] | None = None
    """COCO's run lengths of each, if all of them have a mask."""

    def __len__(self) -> int:
        return len(self.scores)

    def of_image(self, image: int) -> slice:
        """Where the detections of an image stand."""
        low, high = np.searchsorted(self.images, [image, image + 1])
        return slice(int(low), int(high))

    def areas(self, kind: str) -> np.ndarray:
        """(n,) areas of boxes or masks in square pixels."""
        if kind == 'segm' and self.masks is not None:
            return coco_mask.area(list(self.masks)).astype(float)
        return self.bboxes[:, 2] * self.bboxes[:, 3]


def arrange(
    images: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    bboxes: np.ndarray,
    masks: Sequence[dict] | None = None,
    max_per_image: int = MAX_PER_IMAGE,
) -> Detections:
    """Order detections and drop those that are too many for their image and class.

    Args:
        images: (n,) index of the image.
        labels: (n,) index of the class.
        scores: (n,).
        bboxes: (n, 4) x, y, width, height.
        masks: n of COCO's run lengths.
        max_per_image: of a class in an image; the best ones stay.
    """
    order = np.lexsort((-scores, images))
    ranks = _ranks(images[order], labels[order])
    order, ranks = (part[ranks < max_per_image] for part in (order, ranks))
    kept = None if masks is None else tuple(masks[i] for i in order)
    return Detections(
        images[order], labels[order], scores[order], bboxes[order], ranks, kept
    )


def read_detections(results: list[dict], truth: GroundTruth) -> Detections:
    """Detections in COCO's format, with a ``bbox`` or a ``segmentation`` each.

    Args:
        results: content of a result file.
        truth: the data set.

    Raises:
        ValueError: if a detection is of an image or a category that is not there, or
            has numbers that are missing or not finite.
    """
    for i, result in enumerate(results):
        _check(i, result)
    image_ids = np.array([result['image_id'] for result in results], np.int64)
    category_ids = np.array([result['category_id'] for result in results], np.int64)
    masks = _masks(results)
    return arrange(
        _places(image_ids, truth.image_ids, 'image'),
        _places(category_ids, truth.category_ids, 'category'),
        np.array([result['score'] for result in results], float),
        _bboxes(results, masks),
        masks,
    )


def _check(index: int, result: dict) -> None:
    if not isinstance(result, dict):
        raise ValueError(f'detection {index} is {result!r}')
    missing = [key for key in KEYS if key not in result]
    if not result.keys() & {'bbox', 'segmentation'}:
        missing.append('bbox')
    if missing:
        raise ValueError(f'detection {index} has no {missing[0]!r}')
    box = result.get('bbox', (0, 0, 0, 0))
    try:
        sound = len(box) == 4 and all(map(math.isfinite, [*box, result['score']]))
    except TypeError:
        sound = False
    if not sound:
        raise ValueError(
            f'detection {index} needs a box of four finite numbers and a finite score: '
            f'bbox {box}, score {result["score"]}'
        )


def _places(ids: np.ndarray, known: np.ndarray, name: str) -> np.ndarray:
    """Index of each id among the known ones, which rise."""
    places = np.searchsorted(known, ids)
    right = np.append(known, -1)[np.minimum(places, len(known))] == ids
    if not right.all():
        strange = np.unique(ids[~right])
        raise ValueError(
            f'the annotations have no {name} {strange[0]} ({len(strange)} such ids in '
            f'{(~right).sum()} of {len(ids)} detections): are the predictions of '
            'another data set?'
        )
    return places


def _masks(results: list[dict]) -> list[dict] | None:
    if not results or not all('segmentation' in result for result in results):
        return None
    masks = [result['segmentation'] for result in results]
    for i, mask in enumerate(masks):
        if not isinstance(mask, dict) or isinstance(mask.get('counts', []), list):
            raise ValueError(f'detection {i}: segmentation is no compressed run length')
    return masks


def _bboxes(results: list[dict], masks: list[dict] | None) -> np.ndarray:
    if masks is not None and not all('bbox' in result for result in results):
        return coco_mask.toBbox(masks).astype(float)
    boxes = [result.get('bbox') or (0, 0, 0, 0) for result in results]
    return np.array(boxes, float).reshape(-1, 4)


def _ranks(images: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Place of each among those of its image and label, in the given order."""
    order = np.lexsort((labels, images))
    keys = np.stack([images[order], labels[order]])
    starts = np.ones(len(order), bool)
    starts[1:] = (keys[:, 1:] != keys[:, :-1]).any(axis=0)
    first = np.flatnonzero(starts)
    places = np.arange(len(order)) - np.repeat(first, np.diff([*first, len(order)]))
    ranks = np.empty(len(order), int)
    ranks[order] = places
    return ranks
