from .discriminative_roi_extractor import DiscriminativeRoIExtractor
from .fast_roi_align import FastRoIAlign
from .legacy_roi_extractor import LegacyDeformRoIPool, LegacyRoIExtractor

__all__ = [
    'DiscriminativeRoIExtractor',
    'FastRoIAlign',
    'LegacyDeformRoIPool',
    'LegacyRoIExtractor',
]
