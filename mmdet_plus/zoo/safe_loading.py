"""Loads checkpoints without running what is in them."""

import codecs
import re
import zipfile
from collections.abc import Callable
from functools import cache, wraps
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

import numpy as np
import torch
from mmengine.dist import barrier, get_rank
from mmengine.logging import HistoryBuffer
from mmengine.runner import checkpoint as mmengine_loaders
from mmengine.runner.checkpoint import CheckpointLoader

from ..errors import UserError

HISTORY_STATISTICS = ('min', 'max', 'mean', 'current')
REFUSED = re.compile(r'(?:GLOBAL|global) ([\w.]+)')
# At the end only: names of MMDetection also hold `-0.38`, which is an AP.
HASH_IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.\w+$')


# How files of torch.save began before they became zip archives.
LEGACY_STARTS = (b'\x80\x02\x8a\nl\xfc', b'\x80\x02}', b'\x80\x02ccollections')


class UnsafeCheckpointError(UserError):
    """A checkpoint that holds more than weights and harmless values."""


class CheckpointNotFoundError(UserError, FileNotFoundError):
    """There is no such file."""


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


def _as_numpy_1_called_it(function: Callable) -> Callable:
    @wraps(function)
    def old(*args: Any) -> Any:
        return function(*args)

    # Pairs of function and name would do from torch 2.6 on.
    old.__module__ = 'numpy.core.multiarray'
    return old


@cache
def _allowed_types() -> list:
    """Types in checkpoints of MMEngine beside tensors and containers: numbers, logs."""
    reconstruct: Any = np.empty(0).__reduce__()[0]
    scalar: Any = np.float64(0).__reduce__()[0]
    encode = codecs.encode  # how pickle writes bytes
    dtypes = {type(np.dtype(code)) for code in '?bBhHiIlLqQefdSU'}
    return [
        HistoryBuffer,
        _history_statistic,
        np.ndarray,
        np.dtype,
        reconstruct,
        scalar,
        _as_numpy_1_called_it(reconstruct),
        _as_numpy_1_called_it(scalar),
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
        What is in the file, a dict; with ``state_dict`` for ``.safetensors``.

    Raises:
        UnsafeCheckpointError: the file holds a type that is not allowed; names it.
        CheckpointNotFoundError: there is no such file.
        UserError: the file is no checkpoint, or a damaged one, or has no weights.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointNotFoundError(f'{path} does not exist')
    if path.suffix == '.safetensors':
        return dict(state_dict=_load_safetensors(path, map_location))
    content = _load_pickle(path, map_location, unsafe=unsafe)
    if not isinstance(content, dict):
        raise UserError(f'{path} holds no weights, but a {type(content).__name__}')
    return content


def check_checkpoint_file(path: str | Path) -> None:
    """Raise ``UserError`` unless a file begins and ends as PyTorch writes them."""
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            valid = any(name.endswith('data.pkl') for name in archive.namelist())
    else:
        with open(path, 'rb') as file:
            valid = file.read(16).startswith(LEGACY_STARTS)
    if not valid:
        raise UserError(f'{path} is not a checkpoint, or only a part of one')


def _load_pickle(
    file: str | Path | BinaryIO, map_location: Any = None, *, unsafe: bool
) -> Any:
    torch.serialization.add_safe_globals(_allowed_types())
    try:
        return torch.load(file, map_location=map_location, weights_only=not unsafe)
    except Exception as error:
        is_path = isinstance(file, str | Path)
        found = REFUSED.search(str(error))
        if unsafe or (found is None and not isinstance(error, UnsafeCheckpointError)):
            if is_path:
                # PyTorch advises to unpickle whatever the file is.
                check_checkpoint_file(file)  # type: ignore[arg-type]
            raise
        what = f'an object of type {found.group(1)}' if found else str(error)
        where = file if is_path else 'the checkpoint'
        raise UnsafeCheckpointError(
            f'{where} holds {what}, which could run code when it is loaded. If you '
            'trust who made the file, pass --unsafe-load (unsafe_load=True in Python)'
        ) from None


def use_safe_loading(*, unsafe: bool = False) -> None:
    """Make MMEngine load checkpoints from anywhere as ``load_checkpoint_file`` does.

    MMEngine's own loaders fall back to unpickling anything. Holds for this process.

    Args:
        unsafe: see ``load_checkpoint_file``.
    """

    def load_from_local(filename: str, map_location: Any = None) -> Any:
        return load_checkpoint_file(filename, map_location, unsafe=unsafe)

    def load_from_http(filename: str, map_location: Any = None, **kwargs: Any) -> Any:
        return load_from_local(str(_download(filename)), map_location)

    def load_other(file: Any, map_location: Any = None, **kwargs: Any) -> Any:
        return _load_pickle(file, map_location, unsafe=unsafe)

    register = CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)
    # `torchvision://`, `open-mmlab://`, `s3://` and so on end in one of these.
    vars(mmengine_loaders).update(
        load_from_http=load_from_http, _safe_torch_load=load_other
    )


def _download(url: str) -> Path:
    """The file of a URL in the cache of ``torch.hub``; the first process fetches it."""
    name = Path(urlparse(url).path).name
    path = Path(torch.hub.get_dir()) / 'checkpoints' / name
    if get_rank() == 0:
        _download_once(url, path)
    barrier()
    # Other machines may have a cache of their own.
    _download_once(url, path)
    return path


def _download_once(url: str, path: Path) -> None:
    if path.is_file():
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    found = HASH_IN_NAME.search(path.name)
    try:
        torch.hub.download_url_to_file(
            url, str(path), hash_prefix=found.group(1) if found else None
        )
    except (OSError, HTTPException) as error:
        raise UserError(
            f'{url} cannot be downloaded: {error}. Without network, put the file '
            f'here: {path}'
        ) from error


def _load_safetensors(path: Path, map_location: Any) -> dict[str, torch.Tensor]:
    try:
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError(
            f"{path} needs safetensors: pip install 'mmdet_plus[zoo]'"
        ) from None
    return load_file(path, device=str(map_location or 'cpu'))
