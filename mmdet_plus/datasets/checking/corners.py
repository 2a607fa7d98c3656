"""Tells boxes written as corners x1, y1, x2, y2 from x, y, width, height."""

from collections.abc import Sequence

import numpy as np

# How many boxes must leave the image, and none if read as corners, to be sure.
LEAST_LEAVING = 0.3
# Where few do: of how many boxes it is told, and how many may be unlike corners.
LEAST_BOXES, MOST_OTHERS = 20, 0.01
# Second corners lie near the first ones, in parts of the image; sizes are less like
# positions.
LEAST_CORRELATION = 0.5
SLACK = 1.0  # pixels by which good boxes may leave their image

Boxes = Sequence[tuple[Sequence[float], dict]]


def leaves(box: Sequence[float], image: dict) -> bool:
    """Whether a box [x, y, w, h] leaves its image by more than a pixel."""
    x, y, width, height = box
    right, bottom = image['width'] + SLACK, image['height'] + SLACK
    return x < -SLACK or y < -SLACK or x + width > right or y + height > bottom


def are_corners(boxes: Boxes) -> bool:
    """Whether many boxes leave their images, and none if read as corners.

    Args:
        boxes: four numbers each, in pixels, with ``width`` and ``height`` of its image.
    """
    number = sum(leaves(*pair) for pair in boxes)
    is_many = number > LEAST_LEAVING * len(boxes)
    return is_many and all(_fits_as_corners(*pair) for pair in boxes)


def may_be_corners(boxes: Boxes) -> bool:
    """Whether boxes have the statistics of corners, though few leave their images.

    The second corner is right of and below the first. Of true widths and heights some
    are below x and y, unless objects are large: then those that begin further right are
    narrower, while corners of one object lie near each other.

    Args:
        boxes: as ``are_corners`` takes them.
    """
    others = sum(not _fits_as_corners(*pair) for pair in boxes)
    if len(boxes) < LEAST_BOXES or others > MOST_OTHERS * len(boxes):
        return False
    parts = np.array(
        [
            [
                x / image['width'],
                y / image['height'],
                w / image['width'],
                h / image['height'],
            ]
            for (x, y, w, h), image in boxes
        ]
    )
    return corners_go_together(parts)


def corners_go_together(numbers: np.ndarray) -> bool:
    """Whether the second of two corners moves with the first, in x and in y.

    Args:
        numbers: (n, 4 or more), of each object x, y, x, y in parts of the image.
    """
    return all(
        _correlation(numbers[:, axis], numbers[:, axis + 2]) > LEAST_CORRELATION
        for axis in (0, 1)
    )


def _fits_as_corners(box: Sequence[float], image: dict) -> bool:
    x1, y1, x2, y2 = box
    return x1 < x2 <= image['width'] + SLACK and y1 < y2 <= image['height'] + SLACK


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Pearson's; 0 where values are all the same."""
    if np.ptp(first) < 1e-6 or np.ptp(second) < 1e-6:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
