"""Loads checkpoints without running what is in them."""

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO
from urllib.parse import urlparse

import torch
from filelock import FileLock
from mmengine.dist import barrier, get_rank
from mmengine.logging import print_log
from mmengine.runner import checkpoint as mmengine_loaders
from mmengine.runner.checkpoint import CheckpointLoader

from ..errors import UserError
from .allowed_types import UnsafeCheckpointError, allowed_types, check_values
from .config_texts import remove_programs
from .file_checks import check_checkpoint_file

REFUSED = re.compile(
    r"(?:GLOBAL|global) ([\w.]+)|but got <class '([\w.]+)'"
    r"|function <(?:class|function|built-in function) '?([\w.]+)"
)
# At the end only: names of MMDetection also hold `-0.38`, which is an AP.
HASH_IN_NAME = re.compile(r'-([0-9a-f]{8,64})\.\w+$')
WAY_OUT = (
    'If you trust who made the file, pass --unsafe-load (unsafe_load=True in Python)'
)
_UNSAFE: ContextVar[bool] = ContextVar('unsafe', default=False)


class CheckpointNotFoundError(UserError, FileNotFoundError):
    """There is no such file."""


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
        What is in the file, a dict; with ``state_dict`` for ``.safetensors``. Texts of
        configs that hold more than settings are left out unless ``unsafe``.

    Raises:
        UnsafeCheckpointError: the file holds a type that is not allowed; names it.
        CheckpointNotFoundError: there is no such file.
        UserError: the file is no checkpoint, or a damaged one, or has no weights.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise CheckpointNotFoundError(f'{path} {_what_is(path)}')
    if path.suffix == '.safetensors':
        return dict(state_dict=_load_safetensors(path, map_location))
    check_checkpoint_file(path)
    return _checked(_load_pickle(path, map_location, path, unsafe=unsafe), path)


@contextmanager
def unsafe_loading(allowed: bool = True) -> Iterator[None]:
    """Inside, MMEngine unpickles whatever a checkpoint holds, which can run any code.

    Args:
        allowed: False changes nothing.
    """
    token = _UNSAFE.set(allowed or _UNSAFE.get())
    try:
        yield
    finally:
        _UNSAFE.reset(token)


def make_mmengine_load_safely() -> None:
    """Make MMEngine load checkpoints from anywhere as ``load_checkpoint_file`` does.

    MMEngine's own loaders fall back to unpickling anything.
    """

    def load_from_local(filename: str, map_location: Any = None) -> Any:
        return load_checkpoint_file(filename, map_location, unsafe=_UNSAFE.get())

    def load_from_http(filename: str, map_location: Any = None, **kwargs: Any) -> Any:
        return load_from_local(str(_cached_file(filename)), map_location)

    def load_other(file: Any, map_location: Any = None, **kwargs: Any) -> Any:
        if isinstance(file, str | Path):
            return load_from_local(str(file), map_location)
        content = _load_pickle(
            file, map_location, 'the checkpoint', unsafe=_UNSAFE.get()
        )
        return _checked(content, 'the checkpoint')

    register = CheckpointLoader.register_scheme
    register('', load_from_local, force=True)
    register(('http://', 'https://'), load_from_http, force=True)
    # `torchvision://`, `open-mmlab://`, `s3://` and so on end in one of these.
    vars(mmengine_loaders).update(
        load_from_http=load_from_http, _safe_torch_load=load_other
    )


def _what_is(path: Path) -> str:
    return 'is a folder, not a checkpoint' if path.is_dir() else 'does not exist'


def _load_pickle(
    file: str | Path | BinaryIO, map_location: Any, name: object, *, unsafe: bool
) -> Any:
    torch.serialization.add_safe_globals(allowed_types())
    try:
        content = torch.load(file, map_location=map_location, weights_only=not unsafe)
        if not unsafe:
            check_values(content)
            _report_programs(content, name)
    except Exception as error:
        raise _refusal(error, name, unsafe=unsafe) from error
    return content


def _refusal(error: Exception, name: object, *, unsafe: bool) -> Exception:
    """What to say in place of PyTorch's message, which advises to unpickle anything."""
    text = str(error)
    if unsafe:
        return UserError(f'{name} cannot be loaded: {type(error).__name__}: {text}')
    if isinstance(error, UnsafeCheckpointError):
        return UnsafeCheckpointError(f'{name} holds {text}')
    if isinstance(error, torch.cuda.OutOfMemoryError | MemoryError):
        return error
    if 'Unsupported operand' in text:
        return UserError(
            f'{name} is pickled by another protocol than torch.save uses for weights: '
            'save it again, with pickle_protocol=2'
        )
    found = REFUSED.search(text)
    if found is None:
        reason = text.partition('WeightsUnpickler error: ')[2] or text
        return UserError(
            f'{name} holds what no checkpoint of weights does: '
            f'{type(error).__name__}: {" ".join(reason.split())[:200]}'
        )
    kind = next(group for group in found.groups() if group)
    return UnsafeCheckpointError(
        f'{name} holds an object of type {kind}, which could run code when it is '
        f'loaded. {WAY_OUT}'
    )


def _report_programs(content: Any, name: object) -> None:
    for reason in remove_programs(content) if isinstance(content, dict) else ():
        print_log(
            f'{name}: the config text in it is left out. {reason}',
            'current',
            logging.WARNING,
        )


def _checked(content: Any, name: object) -> dict:
    """The content, if it has the form that MMEngine relies on."""
    if not isinstance(content, dict):
        raise UserError(f'{name} holds no weights, but a {type(content).__name__}')
    for key in ('meta', 'message_hub', 'state_dict'):
        part = content.get(key, {})
        if part is None and key != 'state_dict':
            del content[key]
        elif not isinstance(part, dict):
            kind = type(part).__name__
            raise UserError(f'{key} in {name} must be a dict, but is a {kind}')
    weights = content.get('state_dict', content)
    strange = [key for key in weights if not isinstance(key, str)]
    if strange:
        raise UserError(
            f'{name}: a weight has the name {strange[0]!r}, which is no text'
        )
    return content


def _cached_file(url: str) -> Path:
    """The file of a URL in the cache of ``torch.hub``; the first process fetches it."""
    name = Path(urlparse(url).path).name
    if name in ('', '..'):
        raise UserError(f'{url} names no file: it must end with the name of one')
    path = Path(torch.hub.get_dir()) / 'checkpoints' / name
    if get_rank() == 0:
        _download_once(url, path)
    barrier()
    # Other machines may have a cache of their own.
    _download_once(url, path)
    return path


def _download_once(url: str, path: Path) -> None:
    # What is in the cache may be from a download that broke off unseen.
    if path.is_file() and _is_whole(path):
        return
    found = HASH_IN_NAME.search(path.name)
    part = path.with_name(f'{path.stem}.part{path.suffix}')
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(f'{path}.lock'):
            part.unlink(missing_ok=True)
            torch.hub.download_url_to_file(
                url, str(part), hash_prefix=found.group(1) if found else None
            )
            if not _is_whole(part):
                raise OSError('what came is not a whole checkpoint')
            part.replace(path)
    except (OSError, HTTPException, RuntimeError) as error:
        part.unlink(missing_ok=True)
        raise UserError(
            f'{url} cannot be downloaded: {error}. Without network, put the file '
            f'here: {path}; a backbone trains without its weights with '
            'model.backbone.init_cfg=None'
        ) from error


def _is_whole(path: Path) -> bool:
    if path.suffix == '.safetensors':
        return True
    try:
        check_checkpoint_file(path)
    except UnsafeCheckpointError:
        return True  # whole, and refused when it is loaded
    except UserError:
        return False
    return True


def _load_safetensors(path: Path, map_location: Any) -> dict[str, torch.Tensor]:
    try:
        from safetensors import SafetensorError
        from safetensors.torch import load_file
    except ImportError:
        raise ImportError(
            f"{path} needs safetensors: pip install 'mmdet_plus[zoo]'"
        ) from None
    try:
        return load_file(path, device=str(map_location or 'cpu'))
    except SafetensorError as error:
        raise UserError(f'{path} is no whole file of safetensors: {error}') from error
