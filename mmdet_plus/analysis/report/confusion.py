"""The confusion matrix of a detector, with the background."""

from typing import NamedTuple

import numpy as np

from .evaluation import IOU_THR, Evaluation

# Of the last row and the last column.
NO_OBJECT, NOT_DETECTED = 'no object', 'not detected'


class Confusion(NamedTuple):
    """What the detections from a score threshold on take the objects for."""

    matrix: np.ndarray
    """(K + 1, K + 1) counts: rows are true classes, columns detected ones; the last
    row are detections on no object, the last column objects without a detection."""
    partners: np.ndarray
    """(n,) object of each detection of another class, -1 for none."""


def confusion(evaluation: Evaluation, threshold: float) -> Confusion:
    """Match each detection with one object at most, at an IoU of 0.5.

    First those of the same class, as COCO matches them; then, by falling score, each
    detection that is left with the object that is left and that it overlaps most.

    Args:
        evaluation: the detector.
        threshold: least score of the detections that count.
    """
    truth, found = evaluation.truth, evaluation.found
    kept = found.scores >= threshold
    size = truth.num_classes + 1
    matrix = np.zeros((size, size), int)
    right = kept & evaluation.correct
    np.add.at(matrix, (found.labels[right], found.labels[right]), 1)
    taken = truth.crowd.copy()
    taken[evaluation.matches.objects[0, 0][right]] = True
    wrong = kept & evaluation.wrong
    partners = _pair(evaluation, wrong, taken)
    confused = partners >= 0
    rows = truth.labels[partners[confused]]
    np.add.at(matrix, (rows, found.labels[confused]), 1)
    np.add.at(matrix, (size - 1, found.labels[wrong & ~confused]), 1)
    np.add.at(matrix, (truth.labels[~taken], size - 1), 1)
    return Confusion(matrix, partners)


def _pair(evaluation: Evaluation, left: np.ndarray, taken: np.ndarray) -> np.ndarray:
    """Objects of the detections that are left; ``taken`` is updated."""
    truth, found = evaluation.truth, evaluation.found
    partners = np.full(len(found), -1)
    for index in np.flatnonzero(left & (evaluation.nearest.other_iou >= IOU_THR)):
        image = found.images[index]
        objects = truth.of_image(image)
        row = index - found.of_image(image).start
        ious = np.where(taken[objects], 0, evaluation.overlaps.ious[image][row])
        ious[truth.labels[objects] == found.labels[index]] = 0
        if ious.max() >= IOU_THR:
            partners[index] = objects.start + ious.argmax()
            taken[partners[index]] = True
    return partners


def confused_pairs(matrix: np.ndarray, names: tuple[str, ...]) -> list[dict]:
    """Pairs of classes by how often one is taken for the other, most often first.

    Rows have ``true``, ``detected``, ``count`` and ``share`` of the true class.
    """
    pairs = matrix[:-1, :-1] * ~np.eye(len(names), dtype=bool)
    totals = matrix[:-1].sum(axis=1)
    order = np.argsort(-pairs, axis=None, kind='stable')
    rows = []
    for true, detected in zip(*np.unravel_index(order, pairs.shape), strict=True):
        count = int(pairs[true, detected])
        if not count:
            break
        pair = dict(true=names[true], detected=names[detected])
        rows.append(dict(pair, count=count, share=float(count / totals[true])))
    return rows
