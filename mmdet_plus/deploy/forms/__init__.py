"""Forms of detectors in a graph; importing this package registers them."""

from .anchor_head import AnchorHeadForm
from .batch import PreprocessingForm
from .cascade_roi_head import CascadeRoIHeadForm
from .cpm import CPMRoIHeadForm
from .d2det import D2DetRoIHeadForm
from .dcr import SharedBaseDCRForm
from .detector import DetectorForm
from .double_head import DoubleHeadExtRoIHeadForm
from .refinedet import RefineDetForm
from .registry import form_of, make_form
from .roi_extractors import SingleRoIExtractorForm
from .rpn_head import RPNForm
from .single_stage import SingleStageForm
from .standard_roi_head import StandardRoIHeadForm
from .two_stage import TwoStageForm

__all__ = [
    'AnchorHeadForm',
    'CPMRoIHeadForm',
    'CascadeRoIHeadForm',
    'D2DetRoIHeadForm',
    'DetectorForm',
    'DoubleHeadExtRoIHeadForm',
    'PreprocessingForm',
    'RPNForm',
    'RefineDetForm',
    'SharedBaseDCRForm',
    'SingleRoIExtractorForm',
    'SingleStageForm',
    'StandardRoIHeadForm',
    'TwoStageForm',
    'form_of',
    'make_form',
]
