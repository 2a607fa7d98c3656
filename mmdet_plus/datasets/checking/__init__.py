"""Finds what is wrong with labelled images before anything is trained on them."""

from .annotations import check_annotations
from .examination import Examination, examine, refuse_errors
from .findings import Finding
from .images import check_images
from .splits import check_splits

__all__ = [
    'Examination',
    'Finding',
    'check_annotations',
    'check_images',
    'check_splits',
    'examine',
    'refuse_errors',
]
