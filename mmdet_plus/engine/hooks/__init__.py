"""Hooks that train and test tools add to a runner."""

from .activation_checkpointing_hook import ActivationCheckpointingHook
from .checkpoint_match_hook import CheckpointMatchHook
from .divergence_hook import DivergenceHook
from .epoch_seed_hook import EpochSeedHook
from .fuse_conv_bn_hook import FuseConvBNHook
from .image_error_hook import ImageErrorHook
from .new_classes_hook import NewClassesHook
from .whole_checkpoint_hook import WholeCheckpointHook

__all__ = [
    'ActivationCheckpointingHook',
    'CheckpointMatchHook',
    'DivergenceHook',
    'EpochSeedHook',
    'FuseConvBNHook',
    'ImageErrorHook',
    'NewClassesHook',
    'WholeCheckpointHook',
]
