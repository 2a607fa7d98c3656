from .clamped_delta_bbox_coder import ClampedDeltaXYWHBBoxCoder
from .dense_local_bbox_coder import DenseLocalBBoxCoder
from .pixel_delta_bbox_coder import PixelDeltaXYWHBBoxCoder

__all__ = [
    'ClampedDeltaXYWHBBoxCoder',
    'DenseLocalBBoxCoder',
    'PixelDeltaXYWHBBoxCoder',
]
