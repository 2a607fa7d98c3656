"""Trained models by name: where they are, how they are fetched and safely loaded."""

from . import checkpoint_scheme  # registers zoo://
from .download import fetch
from .index import ZooEntry, ZooError, find_entry, load_index
from .released_weights import fetch_weights
from .safe_loading import UnsafeCheckpointError, load_checkpoint_file, use_safe_loading

__all__ = [
    'UnsafeCheckpointError',
    'ZooEntry',
    'ZooError',
    'checkpoint_scheme',
    'fetch',
    'fetch_weights',
    'find_entry',
    'load_checkpoint_file',
    'load_index',
    'use_safe_loading',
]
