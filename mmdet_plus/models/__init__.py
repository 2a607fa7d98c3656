"""Components of the detectors, registered in ``mmdet.registry``."""

from . import (
    backbones,
    dense_heads,
    detectors,
    layers,
    losses,
    necks,
    roi_heads,
    task_modules,
    test_time_augs,
)

__all__ = [
    'backbones',
    'dense_heads',
    'detectors',
    'layers',
    'losses',
    'necks',
    'roi_heads',
    'task_modules',
    'test_time_augs',
]
