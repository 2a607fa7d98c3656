"""COCO's error analysis: precision and recall as if kinds of errors were not there."""

import numpy as np

from .average_precision import RECALLS, precision_at_recalls
from .evaluation import BACKGROUND_IOU, Evaluation

# In the order in which COCO's plots fill the area between the curves.
STEPS = ('C75', 'C50', 'Loc', 'Sim', 'Oth', 'BG', 'FN')


def error_curves(evaluation: Evaluation) -> np.ndarray:
    """Precision (7, 101, K) after each of ``STEPS``; nan without objects.

    C75 and C50 are the detector at these overlaps; Loc at 0.1, where boxes need not
    be good; in Sim the confusions with classes of the same supercategory are not
    counted, in Oth those with all classes; in BG there are no false positives left; and
    FN is all found. As MMDetection's ``coco_error_analysis.py`` does it, an object of
    another class covers a detection that lies in it by a tenth.
    """
    truth, found = evaluation.truth, evaluation.found
    curves = np.full((len(STEPS), len(RECALLS), truth.num_classes), np.nan)
    loose = evaluation.loose_matches
    correct, ignored = loose.correct[0, 0], loose.ignored[0, 0]
    nearest = evaluation.nearest
    free = loose.objects[0, 0] < 0
    excused = [
        ignored | (free & (parts >= BACKGROUND_IOU))
        for parts in (
            np.zeros(len(found)),
            nearest.similar_part,
            np.maximum(nearest.similar_part, nearest.other_part),
        )
    ]
    for label, count in enumerate(truth.counts):
        if not count:
            continue
        own = evaluation.by_class[label]
        strict = evaluation.curves.precision[:, :, label, 0]
        curves[0, :, label], curves[1, :, label] = strict[5], strict[0]
        hits = np.stack([correct[own]] * 3)
        counted = np.stack([~flags[own] for flags in excused])
        curve, _ = precision_at_recalls(hits, counted, found.scores[own], int(count))
        curves[2:5, :, label] = curve
        curves[5, :, label] = curve[2] > 0
        curves[6, :, label] = 1
    return curves


def error_rows(evaluation: Evaluation) -> list[dict]:
    """AP after each step, for each class and for their mean; nan without objects."""
    curves = error_curves(evaluation).mean(axis=1)
    there = ~np.isnan(curves[0])
    mean = curves[:, there].mean(axis=1) if there.any() else curves[:, 0] * np.nan
    rows = [dict(name='all', **dict(zip(STEPS, mean.tolist(), strict=True)))]
    for label, name in enumerate(evaluation.truth.class_names):
        values = curves[:, label].tolist()
        rows.append(dict(name=name, **dict(zip(STEPS, values, strict=True))))
    return rows
