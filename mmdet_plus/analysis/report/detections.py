"""What a detector found, as arrays, read from result files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from pycocotools import mask as coco_mask

from .checking import (
    below_one,
    check_convention,
    check_mask,
    check_numbers,
    remark_on_masks,
    remark_on_sides,
    whole_number,
)
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
    mask_scores: np.ndarray | None = None
    """(n,) of the masks, where a detector rates them apart from the boxes."""
    remarks: tuple[str, ...] = ()
    """On what may be wrong with them."""

    def __len__(self) -> int:
        return len(self.scores)

    def of_image(self, image: int) -> slice:
        """Where the detections of an image stand."""
        low, high = np.searchsorted(self.images, [image, image + 1])
        return slice(int(low), int(high))

    def of_kind(self, kind: str) -> 'Detections':
        """For ``'segm'`` with the scores of the masks, and ordered by them."""
        if kind != 'segm' or self.masks is None or self.mask_scores is None:
            return self
        columns = self.images, self.labels, self.mask_scores, self.bboxes, self.masks
        return replace(arrange(*columns), remarks=self.remarks)

    def areas(self, kind: str) -> np.ndarray:
        """(n,) areas of boxes or masks in square pixels."""
        if kind == 'segm' and self.masks is not None:
            # One by one: pycocotools counts those of a call in eight bits.
            return np.array([coco_mask.area(mask) for mask in self.masks], float)
        return self.bboxes[:, 2] * self.bboxes[:, 3]


def arrange(
    images: np.ndarray,
    labels: np.ndarray,
    scores: np.ndarray,
    bboxes: np.ndarray,
    masks: Sequence[dict] | None = None,
    mask_scores: np.ndarray | None = None,
    max_per_image: int = MAX_PER_IMAGE,
) -> Detections:
    """Order detections and drop those that are too many for their image and class.

    Args:
        images: (n,) index of the image.
        labels: (n,) index of the class.
        scores: (n,).
        bboxes: (n, 4) x, y, width, height.
        masks: n of COCO's run lengths.
        mask_scores: (n,) where they are not those of the boxes.
        max_per_image: of a class in an image; the best ones stay.
    """
    order = np.lexsort((-scores, images))
    ranks = _ranks(images[order], labels[order])
    order, ranks = (part[ranks < max_per_image] for part in (order, ranks))
    return Detections(
        images[order],
        labels[order],
        scores[order],
        bboxes[order],
        ranks,
        None if masks is None else tuple(masks[i] for i in order),
        None if mask_scores is None else mask_scores[order],
    )


def read_detections(results: list[dict], truth: GroundTruth) -> Detections:
    """Detections in COCO's format, with a ``bbox`` or a ``segmentation`` each.

    Args:
        results: content of a result file.
        truth: the data set.

    Raises:
        ValueError: if a detection is of an image or a category that is not there, or
            its numbers or its mask cannot be meant.
    """
    for i, result in enumerate(results):
        _check(i, result)
    images = _places(_ids(results, 'image_id'), truth.image_ids, 'image')
    labels = _places(_ids(results, 'category_id'), truth.category_ids, 'category')
    masks = _masks(results, truth.sizes[images])
    bboxes = _bboxes(results, masks)
    scores = np.array([result['score'] for result in results], float)
    check_numbers(bboxes, scores, _name, most=1 if masks is None else 2)
    scores, scaled = below_one(scores, 'scores')
    with_mask = sum('segmentation' in result for result in results)
    remarks = (
        *scaled,
        *remark_on_sides(bboxes, _name),
        *check_convention(bboxes, truth.sizes[images], _name),
        *remark_on_masks(with_mask, len(results), 'detections'),
    )
    return replace(arrange(images, labels, scores, bboxes, masks), remarks=remarks)


def _ids(results: list[dict], key: str) -> np.ndarray:
    ids = [whole_number(r[key], f'{_name(i)}: {key}') for i, r in enumerate(results)]
    return np.array(ids, np.int64)


def _name(index: int) -> str:
    return f'detection {index}'


def _check(index: int, result: dict) -> None:
    if not isinstance(result, dict):
        raise ValueError(f'{_name(index)} is {result!r}')
    missing = [key for key in KEYS if key not in result]
    if not result.keys() & {'bbox', 'segmentation'}:
        missing.append('bbox')
    if missing:
        raise ValueError(f'{_name(index)} has no {missing[0]!r}')
    box = result.get('bbox', (0, 0, 0, 0))
    try:
        sound = len(box) == 4 and not isinstance(box, str | dict)
        sound = sound and all(value - value == 0 for value in [*box, result['score']])
    except TypeError:
        sound = False
    if not sound:
        raise ValueError(
            f'{_name(index)} needs a box of four finite numbers and a finite score: '
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


def _masks(results: list[dict], sizes: np.ndarray) -> list[dict] | None:
    if not results or not all('segmentation' in result for result in results):
        return None
    for i, (result, size) in enumerate(zip(results, sizes, strict=True)):
        mask = result['segmentation']
        if not isinstance(mask, dict):
            raise ValueError(f'{_name(i)}: segmentation is no compressed run length')
        check_mask(mask, size, _name(i))
    return [result['segmentation'] for result in results]


def _bboxes(results: list[dict], masks: list[dict] | None) -> np.ndarray:
    bare = [i for i, result in enumerate(results) if 'bbox' not in result]
    if bare and masks is None:
        raise ValueError(f'{_name(bare[0])} has no bbox, and others have no mask')
    if bare:
        return coco_mask.toBbox(masks).astype(float)
    return np.array([result['bbox'] for result in results], float).reshape(-1, 4)


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
