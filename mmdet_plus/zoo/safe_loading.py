"""Loads checkpoints without running what is in them."""

import codecs
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier, get_rank
from mmengine.logging import HistoryBuffer
from mmengine.runner.checkpoint import CheckpointLoader

from ..engine.error_reporting import UserError

HISTORY_STATISTICS = ('min', 'max', 'mean', 'current')
REFUSED = re.compile(r'(?:GLOBAL|global) ([\w.]+)')
TORCH_HASH = re.compile(r'-([0-9a-f]*)\.')


class UnsafeCheckpointError(UserError):
    """A checkpoint that holds more than weights and harmless values."""


def _history_statistic(owner: type, name: str) -> Callable:
    """What training logs name when they ask for the function ``getattr``.

    Gives the four functions of MMEngine's ``HistoryBuffer``, and nothing else.
    """
    if owner is not HistoryBuffer or name not in HISTORY_STATISTICS:
        raise UnsafeCheckpointError(f'attribute {name!r} of {owner!r} is not allowed')
    return getattr(HistoryBuffer, name)


# torch looks allowed functions up by these names.
_history_statistic.__module__ = 'builtins'
_history_statistic.__qualname__ = _history_statistic.__name__ = 'getattr'


def _allowed_types() -> list:
    """Types in checkpoints of MMEngine beside tensors and containers: numbers, logs."""
    reconstruct = np.empty(0).__reduce__()[0]
    scalar = np.float64(0).__reduce__()[0]
    encode = codecs.encode  # how pickle writes bytes
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdSU'}
    return [
        HistoryBuffer,
        _history_statistic,
        np.ndarray,
        np.dtype,
        reconstruct,
        scalar,
        encode,
        *dtypes,
    ]


def load_checkpoint_file(
    path: str | Path,
    map_location: Any = 'cpu',
    *,
    unsafe: bool = False,
) -> Any:
    """Read a checkpoint of PyTorch or a ``.safetensors`` file.

    Args:
        path: the file.
        map_location: as for ``torch.load``.
        unsafe: unpickle whatever is in the file, which can run any code.

    Returns:
        What ``torch.load`` returns; a dict with ``state_dict`` for ``.safetensors``.

    Raises:
        UnsafeCheckpointError: the file holds a type that is not allowed; names it.
        FileNotFoundError: there is no such file.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise FileNotFoundError(f'{path} does not exist')
    if path.suffix == '.safetensors':
        return dict(state_dict=_load_safetensors(path, map_location))
    if unsafe:
        return torch.load(path, map_location=map_location, weights_only=False)
    torch.serialization.add_safe_globals(_allowed_types())
    try:
        return torch.load(path, map_location=map_location, weights_only=True)
    except Exception as error:
        found = REFUSED.search(str(error))
        if found is None and not isinstance(error, UnsafeCheckpointError):
            raise
        what = f'an object of type {found.group(1)}' if found else str(error)
        raise UnsafeCheckpointError(
            f'{path} holds {what}, which could run code when it is loaded. If you '
            'trust who made the file, pass --unsafe-load'
        ) from None


def use_safe_loading(*, unsafe: bool = False) -> None:
    """Make MMEngine load local files and downloads with ``load_checkpoint_file``.

    MMEngine's own loader falls back to unpickling anything. Holds for this process.

    Args:
        unsafe: see ``load_checkpoint_file``.
    """

    def load_from_local(filename: str, map_location: Any = None) -> Any:
        return load_checkpoint_file(filename, map_location, unsafe=unsafe)

    def load_from_http(filename: str, map_location: Any = None) -> Any:
        return load_from_local(str(_download(filename)), map_location)

    register = CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)


def _download(url: str) -> Path:
    """The file of a URL in the cache of ``torch.hub``; the first process fetches it."""
    name = Path(urlparse(url).path).name
    path = Path(torch.hub.get_dir()) / 'checkpoints' / name
    if get_rank() == 0 and not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        digits = TORCH_HASH.search(name)
        torch.hub.download_url_to_file(
            url, str(path), hash_prefix=digits.group(1) if digits else None
        )
    barrier()
    return path


def _load_safetensors(path: Path, map_location: Any) -> dict[str, torch.Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError(
            f"{path} needs safetensors: pip install 'mmdet_plus[zoo]'"
        ) from None
    return load_file(path, device=str(map_location or 'cpu'))
