from .anchor_refinement_head import AnchorRefinementHead
from .object_detection_head import ObjectDetectionHead
from .selected_levels_rpn_head import SelectedLevelsRPNHead
from .ssd_baseline_head import SSDBaselineHead

__all__ = [
    'AnchorRefinementHead',
    'ObjectDetectionHead',
    'SSDBaselineHead',
    'SelectedLevelsRPNHead',
]
