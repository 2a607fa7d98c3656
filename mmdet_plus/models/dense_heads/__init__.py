from .anchor_refinement_head import AnchorRefinementHead
from .float32_rpn_head import Float32RPNHead
from .object_detection_head import ObjectDetectionHead
from .ssd_baseline_head import SSDBaselineHead

__all__ = [
    'AnchorRefinementHead',
    'Float32RPNHead',
    'ObjectDetectionHead',
    'SSDBaselineHead',
]
