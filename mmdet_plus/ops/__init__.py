"""Custom ops with CPU and CUDA kernels, and PyTorch twins where those are missing."""

from .compiled import has_kernel, is_compiled
from .deform_roi_align import DeformRoIAlign, deform_roi_align
from .local_importance_pool2d import local_importance_pool2d
from .roi_max_pool import RoIMaxPool, roi_max_pool

__all__ = [
    'DeformRoIAlign',
    'RoIMaxPool',
    'deform_roi_align',
    'has_kernel',
    'is_compiled',
    'local_importance_pool2d',
    'roi_max_pool',
]
