from .bbox_heads import DenseLocalRegressionHead
from .d2det_roi_head import D2DetRoIHead
from .roi_extractors import DiscriminativeRoIExtractor
from .separate_extractor_roi_head import SeparateExtractorRoIHead

__all__ = [
    'D2DetRoIHead',
    'DenseLocalRegressionHead',
    'DiscriminativeRoIExtractor',
    'SeparateExtractorRoIHead',
]
