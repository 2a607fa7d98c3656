"""What runs around the models: hooks, optimizer wrappers, parts of the tools."""

from .hooks import (
    ActivationCheckpointingHook,
    EpochSeedHook,
    FuseConvBNHook,
    ImageErrorHook,
)
from .mixed_precision_test_loop import MixedPrecisionTestLoop
from .optim_wrappers import CpuAmpOptimWrapper
from .sharded_test_loop import (
    ChosenSampler,
    ShardedMixedPrecisionTestLoop,
    ShardedTestLoop,
)
from .whole_file_backend import WholeFileBackend

__all__ = [
    'ActivationCheckpointingHook',
    'ChosenSampler',
    'CpuAmpOptimWrapper',
    'EpochSeedHook',
    'FuseConvBNHook',
    'ImageErrorHook',
    'MixedPrecisionTestLoop',
    'ShardedMixedPrecisionTestLoop',
    'ShardedTestLoop',
    'WholeFileBackend',
]
