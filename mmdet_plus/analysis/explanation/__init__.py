"""Why this box? What the method of a detector did to get to one of its detections."""

from mmdet.models.detectors import BaseDetector

from . import cpm_rcnn, d2det, dcr, refinedet
from .question import Explanation, Question, UnexplainedError

METHODS = (d2det, cpm_rcnn, dcr, refinedet)


def can_explain(model: BaseDetector) -> bool:
    """Whether there is something to show of the method of a detector."""
    return any(method.suits(model) for method in METHODS)


def explain_box(question: Question) -> Explanation:
    """Show what the method did, where it is D2Det, CPM R-CNN, DCR or RefineDet.

    Raises:
        UnexplainedError: the method is another, or it kept nothing of the box.
    """
    for method in METHODS:
        if method.suits(question.model):
            return method.explain(question)
    raise UnexplainedError(
        'there is something to show of D2Det, CPM R-CNN, DCR and RefineDet only'
    )


__all__ = ['Explanation', 'Question', 'UnexplainedError', 'can_explain', 'explain_box']
