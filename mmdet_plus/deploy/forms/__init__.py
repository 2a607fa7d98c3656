"""Forms of detectors in a graph; importing this package registers them."""

from . import (
    anchor_head,
    batch,
    cascade_roi_head,
    double_head,
    refinedet,
    roi_extractors,
    rpn_head,
    single_stage,
    standard_roi_head,
    two_stage,
)
from .registry import make_form

__all__ = ['make_form']
