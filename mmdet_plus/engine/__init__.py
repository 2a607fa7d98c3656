"""What runs around the models: hooks, optimizer wrappers, parts of the tools."""

from .hooks import EpochSeedHook, FuseConvBNHook, ImageErrorHook
from .optim_wrappers import CpuAmpOptimWrapper
from .whole_file_backend import WholeFileBackend

__all__ = [
    'CpuAmpOptimWrapper',
    'EpochSeedHook',
    'FuseConvBNHook',
    'ImageErrorHook',
    'WholeFileBackend',
]
