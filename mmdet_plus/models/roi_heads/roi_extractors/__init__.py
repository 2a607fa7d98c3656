from .discriminative_roi_extractor import DiscriminativeRoIExtractor

__all__ = ['DiscriminativeRoIExtractor']
