from .discriminative_roi_extractor import DiscriminativeRoIExtractor
from .fast_roi_align import FastRoIAlign
from .legacy_roi_extractor import DeformRoIPool, LegacyRoIExtractor

__all__ = [
    'DeformRoIPool',
    'DiscriminativeRoIExtractor',
    'FastRoIAlign',
    'LegacyRoIExtractor',
]
