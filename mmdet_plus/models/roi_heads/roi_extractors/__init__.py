from .discriminative_roi_extractor import DiscriminativeRoIExtractor
from .fast_roi_align import FastRoIAlign

__all__ = ['DiscriminativeRoIExtractor', 'FastRoIAlign']
