"""Components of the detectors, registered in ``mmdet.registry``."""

from . import dense_heads, roi_heads, task_modules

__all__ = ['dense_heads', 'roi_heads', 'task_modules']
