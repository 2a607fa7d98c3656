from .bbox_heads import DenseLocalRegressionHead, DoubleHeadExtBBoxHead
from .cpm_roi_head import CPMRoIHead
from .d2det_roi_head import D2DetRoIHead
from .double_head_ext_roi_head import DoubleHeadExtRoIHead
from .grid_heads import IoUScoringHead, PointGridHead
from .mask_heads import D2DetMaskHead
from .roi_extractors import DiscriminativeRoIExtractor
from .separate_extractor_roi_head import SeparateExtractorRoIHead

__all__ = [
    'CPMRoIHead',
    'D2DetMaskHead',
    'D2DetRoIHead',
    'DenseLocalRegressionHead',
    'DiscriminativeRoIExtractor',
    'DoubleHeadExtBBoxHead',
    'DoubleHeadExtRoIHead',
    'IoUScoringHead',
    'PointGridHead',
    'SeparateExtractorRoIHead',
]
