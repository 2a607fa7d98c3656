from .discriminative_roi_extractor import DiscriminativeRoIExtractor
from .legacy_roi_extractor import DeformRoIPool, LegacyRoIExtractor

__all__ = ['DeformRoIPool', 'DiscriminativeRoIExtractor', 'LegacyRoIExtractor']
