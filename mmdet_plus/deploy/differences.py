"""How far what two detectors find in the same images differs."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from .detections import Detections

MAX_BOX_DIFFERENCE, MAX_SCORE_DIFFERENCE = 0.05, 1e-4
MAX_MASK_DIFFERENCE = 0.02
# As far apart are detections that are still taken for the same one.
SAME_BOX, SAME_SCORE = 1.0, 0.02
MIN_MASK_PIXELS = 100  # so that single pixels of small masks count little

Rows = list[int]


class Difference(NamedTuple):
    """Between two detectors, over some images."""

    num_images: int = 0
    num_detections: int = 0
    """Of the first."""
    unmatched: int = 0
    """Detections that only one of the two finds, other than unsteady ones."""
    unsteady: int = 0
    """Detections that only one of the two finds, but which rounding decides on."""
    images: tuple[str, ...] = ()
    """Names of those with unmatched detections."""
    boxes: float = 0.0
    """Largest difference in pixels."""
    scores: float = 0.0
    masks: float = 0.0
    """Largest share of the pixels of a mask."""

    @property
    def is_equal(self) -> bool:
        """Whether the differences are within what rounding explains."""
        return (
            self.unmatched == 0
            and self.boxes <= MAX_BOX_DIFFERENCE
            and self.scores <= MAX_SCORE_DIFFERENCE
            and self.masks <= MAX_MASK_DIFFERENCE
        )

    def __str__(self) -> str:
        text = (
            f'{self.num_images} images, {self.num_detections} detections: boxes differ '
            f'by at most {self.boxes:.2g} px, scores by {self.scores:.2g}'
        )
        if not self.num_detections:
            text += '; nothing was found, so compare on other images: --verify FOLDER'
        if self.masks:
            text += f', masks by {100 * self.masks:.2g} % of their pixels'
        if self.unsteady:
            text += (
                f'; {self.unsteady} detections are found by one only, as rounding '
                'decides'
            )
        if self.unmatched:
            text += (
                f'; {self.unmatched} detections are found by one only, in '
                + ', '.join(self.images[:3])
            )
        return text


def add_image(
    total: Difference,
    name: str,
    expected: Detections,
    found: Detections,
    max_detections: int,
    repetitions: Callable[[], Sequence[Detections]] = list,
) -> Difference:
    """Differences with those of one more image.

    Of detections that score alike at the cut-off, rounding chooses. So it does where
    two boxes score alike that suppress each other, or where a score or an overlap is at
    a threshold: then the first detector does not find the same either, if it sees the
    image with a little noise.

    Args:
        total: over the images so far.
        name: of the image.
        expected: by the first detector.
        found: by the second.
        max_detections: that an image can have.
        repetitions: gives what the first detector finds with noise; called only if
            there is something to explain.
    """
    strict = MAX_BOX_DIFFERENCE, MAX_SCORE_DIFFERENCE
    pairs, missing, extra = match(expected, found, *strict)
    near, lost, surplus = match(
        rows_of(expected, missing), rows_of(found, extra), SAME_BOX, SAME_SCORE
    )
    pairs += [(missing[row], extra[partner]) for row, partner in near]
    missing, extra = [missing[row] for row in lost], [extra[row] for row in surplus]
    left_over = len(missing) + len(extra)
    missing = _above_cut_off(expected, missing, max_detections)
    extra = _above_cut_off(found, extra, max_detections)
    unmatched = 0
    if missing or extra:
        doubtful = rows_of(expected, missing), rows_of(found, extra)
        unmatched = _num_unexplained(*doubtful, repetitions())
    differences = [_difference(expected, found, *pair) for pair in pairs]
    boxes, scores, masks = np.max([total[-3:], *differences], axis=0).tolist()
    return Difference(
        total.num_images + 1,
        total.num_detections + len(expected.scores),
        total.unmatched + unmatched,
        total.unsteady + left_over - unmatched,
        (*total.images, name) if unmatched else total.images,
        boxes,
        scores,
        masks,
    )


def match(
    expected: Detections, found: Detections, max_box: float, max_score: float
) -> tuple[list[tuple[int, int]], Rows, Rows]:
    """Pair detections of a class that lie close together, the nearest first.

    Args:
        expected: n detections.
        found: m detections.
        max_box: how many pixels the sides of partners may be apart.
        max_score: how far their scores may be apart.

    Returns:
        Rows of ``expected`` and ``found``; rows of each that are left over.
    """
    free = np.ones(len(found.scores), bool)
    pairs, left_over = [], []
    for row in range(len(expected.scores)):
        possible = free & (found.labels == expected.labels[row])
        boxes = np.abs(found.boxes - expected.boxes[row]).max(axis=1, initial=0)
        scores = np.abs(found.scores - expected.scores[row])
        possible &= (boxes <= max_box) & (scores <= max_score)
        if possible.any():
            partner = int(np.where(possible, boxes + scores, np.inf).argmin())
            free[partner] = False
            pairs.append((row, partner))
        else:
            left_over.append(row)
    return pairs, left_over, np.flatnonzero(free).tolist()


def rows_of(found: Detections, rows: Rows | np.ndarray) -> Detections:
    """Some of n detections, by their rows."""
    parts: list[Any] = [None if part is None else part[rows] for part in found]
    return Detections(*parts)


def _above_cut_off(found: Detections, rows: Rows, max_detections: int) -> Rows:
    """Rows that do not score like the last of a full number of detections."""
    if len(found.scores) < max_detections:
        return rows
    limit = found.scores.min() + MAX_SCORE_DIFFERENCE
    return [row for row in rows if found.scores[row] > limit]


def _num_unexplained(
    missing: Detections, extra: Detections, others: Sequence[Detections]
) -> int:
    """How many are in all of the others, of the missing, or in none, of the extra."""
    lost, seen = set[int](), set[int]()
    for other in others:
        lost.update(match(missing, other, SAME_BOX, SAME_SCORE)[1])
        seen.update(row for row, _ in match(extra, other, SAME_BOX, SAME_SCORE)[0])
    return len(missing.scores) - len(lost) + len(extra.scores) - len(seen)


def _difference(
    expected: Detections, found: Detections, row: int, partner: int
) -> tuple[float, float, float]:
    """Of the boxes, scores and masks of two partners."""
    boxes = np.abs(expected.boxes[row] - found.boxes[partner]).max()
    scores = abs(expected.scores[row] - found.scores[partner])
    if expected.mask_scores is not None and found.mask_scores is not None:
        ratings = abs(expected.mask_scores[row] - found.mask_scores[partner])
        scores = max(scores, ratings)
    masks = 0.0
    if expected.masks is not None and found.masks is not None:
        first, second = expected.masks[row], found.masks[partner]
        either = max((first | second).sum(), MIN_MASK_PIXELS)
        masks = (first ^ second).sum() / either
    elif expected.masks is not None or found.masks is not None:
        masks = 1.0
    return float(boxes), float(scores), float(masks)
