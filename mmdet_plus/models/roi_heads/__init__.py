from .bbox_heads import DenseLocalRegressionHead, DoubleHeadExtBBoxHead
from .cpm_roi_head import CPMRoIHead
from .d2det_roi_head import D2DetRoIHead
from .dcr_roi_head import DCRRoIHead
from .double_head_ext_roi_head import DoubleHeadExtRoIHead
from .grid_baseline_roi_head import GridBaselineRoIHead
from .grid_heads import IoUScoringHead, PointGridHead
from .mask_heads import D2DetMaskHead
from .refiners import BoxRefiner, CropRefiner, RegionRefiner
from .roi_extractors import DiscriminativeRoIExtractor, LegacyRoIExtractor
from .separate_extractor_roi_head import SeparateExtractorRoIHead
from .single_pass_d2det_roi_head import SinglePassD2DetRoIHead

__all__ = [
    'BoxRefiner',
    'CPMRoIHead',
    'CropRefiner',
    'D2DetMaskHead',
    'D2DetRoIHead',
    'DCRRoIHead',
    'DenseLocalRegressionHead',
    'DiscriminativeRoIExtractor',
    'DoubleHeadExtBBoxHead',
    'DoubleHeadExtRoIHead',
    'GridBaselineRoIHead',
    'IoUScoringHead',
    'LegacyRoIExtractor',
    'PointGridHead',
    'RegionRefiner',
    'SeparateExtractorRoIHead',
    'SinglePassD2DetRoIHead',
]
