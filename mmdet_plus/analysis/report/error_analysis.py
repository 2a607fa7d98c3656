"""COCO's error analysis: precision and recall as if kinds of errors were not there."""

import numpy as np

from .average_precision import RECALLS, precision_at_recalls
from .evaluation import BACKGROUND_IOU, Evaluation

# In the order in which COCO's plots fill the area between the curves.
STEPS = ('C75', 'C50', 'Loc', 'Sim', 'Oth', 'BG', 'FN')
# Those with boxes that need not be good.
LOOSE_STEPS = STEPS[2:6]


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
    correct, counted = loose_detections(evaluation)
    for label, count in enumerate(truth.counts):
        if not count:
            continue
        own = evaluation.by_class[label]
        strict = evaluation.curves.precision[:, :, label, 0]
        curves[0, :, label], curves[1, :, label] = strict[5], strict[0]
        given = correct[:, own], counted[:, own], found.scores[own], int(count)
        curves[2:6, :, label], _ = precision_at_recalls(*given)
        curves[6, :, label] = 1
    return curves


def loose_detections(evaluation: Evaluation) -> tuple[np.ndarray, np.ndarray]:
    """What is right, and what counts, in each of ``LOOSE_STEPS``; both (4, n) bool."""
    loose, nearest = evaluation.loose_matches, evaluation.nearest
    correct, ignored = loose.correct[0, 0], loose.ignored[0, 0]
    similar = nearest.similar_part >= BACKGROUND_IOU
    other = similar | (nearest.other_part >= BACKGROUND_IOU)
    free = loose.objects[0, 0] < 0
    counted = [~ignored, ~ignored & ~(free & similar), ~ignored & ~(free & other)]
    return np.stack([correct] * len(LOOSE_STEPS)), np.stack([*counted, correct])


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
