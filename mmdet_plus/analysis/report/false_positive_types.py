"""Which false positives stand first: the types of Hoiem et al. (ECCV 2012), sec. 2.2.

- ``Loc``: beside an object of its class, or a duplicate;
- ``Sim``: beside an object of a similar class, one with the same supercategory;
- ``Oth``: beside an object of another class;
- ``BG``: none of these.
"""

import numpy as np

from .evaluation import BACKGROUND_IOU, Evaluation

TYPES = ('Loc', 'Sim', 'Oth', 'BG')


def false_positive_types(evaluation: Evaluation) -> np.ndarray:
    """(n,) index of ``TYPES``, -1 for detections that are no false positives.

    Overlap is IoU with objects of the same class and, as in COCO's error analysis, the
    part of the detection that lies in objects of other classes.
    """
    nearest = evaluation.nearest
    conditions = [
        nearest.own_iou >= BACKGROUND_IOU,
        nearest.similar_part >= BACKGROUND_IOU,
        nearest.other_part >= BACKGROUND_IOU,
    ]
    types = np.select(conditions, [0, 1, 2], default=3)
    types[~evaluation.wrong] = -1
    return types


def types_by_rank(evaluation: Evaluation, types: np.ndarray) -> list[dict]:
    """Shares of the types among the false positives with the best scores.

    Args:
        evaluation: the detector.
        types: as ``false_positive_types`` returns them.

    Returns:
        Rows with ``rank``, the number of false positives looked at, which doubles, and
        the share of each type in [0, 1].
    """
    wrong = np.flatnonzero(types >= 0)
    order = wrong[np.argsort(-evaluation.found.scores[wrong], kind='stable')]
    rows = []
    rank = 1
    while len(order):
        rank = min(rank, len(order))
        counts = np.bincount(types[order[:rank]], minlength=len(TYPES))
        shares = dict(zip(TYPES, (counts / rank).tolist(), strict=True))
        rows.append(dict(rank=rank, **shares))
        if rank == len(order):
            break
        rank *= 2
    return rows
