"""Trained models by name: where they are, how they are fetched and safely loaded."""

from . import checkpoint_scheme  # registers zoo://
from .allowed_types import UnsafeCheckpointError
from .download import fetch
from .index import ZooEntry, ZooError, find_entry, load_index
from .pretrained_init import FittingPretrainedInit
from .released_weights import fetch_weights
from .safe_loading import (
    load_checkpoint_file,
    make_mmengine_load_safely,
    unsafe_loading,
)
from .safe_yaml import SafeYamlHandler

make_mmengine_load_safely()

__all__ = [
    'FittingPretrainedInit',
    'SafeYamlHandler',
    'UnsafeCheckpointError',
    'ZooEntry',
    'ZooError',
    'checkpoint_scheme',
    'fetch',
    'fetch_weights',
    'find_entry',
    'load_checkpoint_file',
    'load_index',
    'unsafe_loading',
]
