"""The sections of a report: each asks one question of an evaluated detector."""

from ..evaluation import Evaluation
from ..parts import Section
from .accuracy import accuracy, precision_recall
from .errors import budget, confusions, error_analysis, hard_positives, types
from .examples import galleries
from .objects import recall, sensitivity
from .scores import calibrated, operating

QUESTIONS = (
    accuracy,
    budget,
    precision_recall,
    error_analysis,
    types,
    confusions,
    operating,
    calibrated,
    hard_positives,
    recall,
    sensitivity,
)

__all__ = ['QUESTIONS', 'Evaluation', 'Section', 'galleries']
