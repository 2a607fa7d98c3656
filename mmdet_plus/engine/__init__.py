"""What runs around the models: hooks, and the shared parts of the tools."""

from .cpu_amp_optim_wrapper import CpuAmpOptimWrapper
from .hooks import EpochSeedHook, FuseConvBNHook, ImageErrorHook

__all__ = ['CpuAmpOptimWrapper', 'EpochSeedHook', 'FuseConvBNHook', 'ImageErrorHook']
