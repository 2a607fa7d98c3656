from .clamped_delta_bbox_coder import ClampedDeltaXYWHBBoxCoder
from .dense_local_bbox_coder import DenseLocalBBoxCoder

__all__ = ['ClampedDeltaXYWHBBoxCoder', 'DenseLocalBBoxCoder']
