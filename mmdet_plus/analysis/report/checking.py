"""What annotations and predictions must be, one by one and as a whole.

Errors name the first entry that is wrong and count those like it. What may be meant is
a remark: a sentence that is printed and stands on the page.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

# How many boxes must leave the image, and how many must fit it if read as corners, to
# tell x1, y1, x2, y2.
LEAST_LEAVING, LEAST_FITTING = 0.3, 0.9
LARGEST_FRACTION = 1.5  # of boxes written in 0..1 rather than in pixels
ROOM = 0.1  # of an image's side that boxes may stand out by
ROUNDING = 1e-6  # of scores
NEGATIVE = 'a box of negative width or height'

Name = Callable[[int], str]


def whole_number(value: Any, name: str) -> int:
    """An id, also if it is written as 3.0.

    Raises:
        ValueError: for anything else, and for what 64 bits do not hold.
    """
    is_number = isinstance(value, int | float | np.integer | np.floating)
    if isinstance(value, bool) or not is_number or value != value // 1:
        raise ValueError(f'{name} {value!r} is no whole number')
    if not -(2**63) <= value < 2**63:
        raise ValueError(f'{name} {value!r} is too large')
    return int(value)


def check_numbers(
    bboxes: np.ndarray, scores: np.ndarray, name: Name, most: float = 1
) -> None:
    """Refuse boxes and scores that are no boxes and no scores.

    Args:
        bboxes: (n, 4) x, y, width, height.
        scores: (n,).
        name: of an entry, by its index.
        most: a score may be; 2 for masks, see ``below_one``.

    Raises:
        ValueError: for numbers that are not finite, and scores outside [0, most].
    """
    finite = np.isfinite(bboxes).all(axis=1) & np.isfinite(scores)
    refuse(~finite, name, 'numbers that are not finite')
    outside = (scores < -ROUNDING) | (scores > most + ROUNDING)
    problem = (
        'a score outside [0, 1] (divide percentages by 100, put logits through a '
        'sigmoid)'
    )
    refuse(outside, name, problem, scores)


def below_one(scores: np.ndarray, what: str) -> tuple[np.ndarray, tuple[str, ...]]:
    """Scores (n,) divided by the greatest where that is above 1, with a remark.

    Some detectors add a rating to the score of the class, as D2Det to that of a mask.
    """
    greatest = scores.max(initial=0)
    if greatest <= 1 + ROUNDING:
        return scores, ()
    remark = (
        f'{what} reach {greatest:.3f}: all were divided by it, which keeps their order'
    )
    return scores / greatest, (remark,)


def refuse(
    wrong: np.ndarray, name: Name, problem: str, values: np.ndarray | None = None
) -> None:
    """Raise ``ValueError`` if any of the entries (n,) is wrong; shows the first."""
    places = np.flatnonzero(wrong)
    if len(places):
        first = int(places[0])
        shown = '' if values is None else f': {values[first].tolist()}'
        count = f'; so have {len(places) - 1} others' if len(places) > 1 else ''
        raise ValueError(f'{name(first)} has {problem}{shown}{count}')


def remark_on_sides(bboxes: np.ndarray, name: Name) -> tuple[str, ...]:
    """A remark on detections with negative sides, as some heads regress them.

    Raises:
        ValueError: if they are too many to be an accident.
    """
    negative = bboxes[:, 2:].min(axis=1) < 0
    if not negative.any():
        return ()
    if negative.mean() > LEAST_LEAVING:
        refuse(negative, name, NEGATIVE, bboxes)
    first = int(negative.argmax())
    return (
        f'{negative.sum()} of {len(negative)} detections have {NEGATIVE}, which finds '
        f'nothing ({name(first)}: {bboxes[first].tolist()})',
    )


def check_convention(
    bboxes: np.ndarray, sizes: np.ndarray, name: Name
) -> tuple[str, ...]:
    """Refuse boxes that are not x, y, width, height in pixels of their image.

    Args:
        bboxes: (n, 4).
        sizes: (n, 2) width and height of the image of each, nan if unknown.
        name: of an entry, by its index.

    Returns:
        Remarks on what may be meant.

    Raises:
        ValueError: if they are in 0..1, or look like corners.
    """
    known = ~np.isnan(sizes).any(axis=1)
    places = np.flatnonzero(known)
    bboxes, sizes = bboxes[known], sizes[known]
    if not len(bboxes):
        return ()
    if 0 < bboxes.max() <= LARGEST_FRACTION and (sizes > 10 * LARGEST_FRACTION).all():
        raise ValueError(
            f'all boxes lie in 0..1 ({name(places[0])}: {bboxes[0].tolist()}); they '
            'must be in pixels: multiply with the size of the image'
        )
    ends = bboxes[:, :2] + bboxes[:, 2:]
    leaving = (ends > sizes + 1).any(axis=1)
    fitting = (bboxes[:, :2] <= bboxes[:, 2:]) & (bboxes[:, 2:] <= sizes + 1)
    first = places[leaving.argmax()]
    where = f'{bboxes[leaving.argmax()].tolist()} in an image of '
    where += ' x '.join(f'{side:g}' for side in sizes[leaving.argmax()])
    if leaving.mean() > LEAST_LEAVING and fitting.all(axis=1).mean() >= LEAST_FITTING:
        raise ValueError(
            f'boxes look like x1, y1, x2, y2; they must be x, y, width, height '
            f'({name(first)}: {where})'
        )
    far = (ends > sizes * (1 + ROOM)).any(axis=1) | (bboxes[:, :2] < -ROOM * sizes).any(
        axis=1
    )
    if far.mean() <= LEAST_LEAVING:
        return ()
    return (
        f'{far.sum()} of {len(far)} boxes reach far out of their image: are they in '
        f'pixels of the original image? ({name(first)}: {where})',
    )


def check_mask(mask: dict, size: np.ndarray, name: str) -> dict:
    """A compressed run length of the size of its image.

    Args:
        mask: as COCO writes it.
        size: (2,) width and height of the image, nan if unknown.
        name: of what it belongs to.

    Raises:
        ValueError: if it is something else.
    """
    counts, given = mask.get('counts'), mask.get('size')
    if not isinstance(counts, str | bytes):
        raise ValueError(f'{name}: segmentation is no compressed run length')
    if given is None or not _is_size(given):
        raise ValueError(f'{name}: segmentation has no size [height, width]: {given}')
    height, width = (int(side) for side in given)
    if not np.isnan(size).any() and [width, height] != size.tolist():
        raise ValueError(
            f'{name}: a mask of {width} x {height} pixels, its image has '
            f'{size[0]:g} x {size[1]:g}'
        )
    if coco_mask.area(mask) > width * height:
        raise ValueError(f'{name}: segmentation covers more than its image')
    return mask


def _is_size(size: Any) -> bool:
    return (
        isinstance(size, list | tuple | np.ndarray)
        and len(size) == 2
        and all(isinstance(side, int | np.integer) and side > 0 for side in size)
    )


def remark_on_masks(count: int, total: int, what: str) -> tuple[str, ...]:
    """A remark if only ``count`` of the objects or detections have a mask."""
    if not 0 < count < total:
        return ()
    return (
        f'{total - count} of {total} {what} have no mask: the report is on boxes only',
    )
