"""Components of the detectors, registered in ``mmdet.registry``."""

from . import roi_heads, task_modules

__all__ = ['roi_heads', 'task_modules']
