"""What runs around the models: hooks, and the shared parts of the tools."""

from .hooks import EpochSeedHook, FuseConvBNHook, ImageErrorHook

__all__ = ['EpochSeedHook', 'FuseConvBNHook', 'ImageErrorHook']
