"""Components of the detectors, registered in ``mmdet.registry``."""

from . import (
    backbones,
    dense_heads,
    detectors,
    losses,
    necks,
    roi_heads,
    task_modules,
)

__all__ = [
    'backbones',
    'dense_heads',
    'detectors',
    'losses',
    'necks',
    'roi_heads',
    'task_modules',
]
