from .d2det_mask_head import D2DetMaskHead

__all__ = ['D2DetMaskHead']
