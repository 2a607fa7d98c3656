"""Turns a training checkpoint into a file of the zoo."""

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ..errors import UserError
from ..whole_files import written_whole
from .download import sha256_of
from .matching import check_finite
from .safe_loading import load_checkpoint_file

LONGEST_NAME = 200  # of 255 that file systems take, with hash, process and suffix


def strip_checkpoint(checkpoint: dict[str, Any], *, half: bool) -> dict[str, Any]:
    """Only the weights, and what the classes are called.

    Args:
        checkpoint: what training wrote.
        half: store floating point weights in half precision.

    Returns:
        ``state_dict`` and ``meta`` with ``dataset_meta``.

    Raises:
        UserError: there are no weights in the checkpoint, or some that half precision
            cannot say, or some that are NaN.
    """
    if 'state_dict' not in checkpoint:
        raise UserError(f'the checkpoint has no state_dict, only {list(checkpoint)}')
    if not checkpoint['state_dict']:
        raise UserError('the state_dict of the checkpoint is empty')

    check_finite(
        {k: v for k, v in checkpoint['state_dict'].items() if isinstance(v, Tensor)}
    )
    weights = {
        key: _convert(key, value, half=half)
        for key, value in checkpoint['state_dict'].items()
    }
    dataset_meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    return dict(state_dict=weights, meta=dict(dataset_meta=dict(dataset_meta)))


def _convert(key: str, value: Any, *, half: bool) -> Tensor:
    if not isinstance(value, Tensor):
        raise UserError(f'{key} in state_dict is a {type(value).__name__}, no weight')
    value = value.detach().cpu().contiguous()
    if not half or not value.is_floating_point():
        return value
    limit = torch.finfo(torch.float16).max
    if value.numel() and value.abs().max() > limit:
        raise UserError(f'{key} holds values above {limit:g}: leave out --half')
    return value.half()


def publish(
    source: Path,
    out_dir: Path,
    name: str,
    *,
    half: bool = False,
    unsafe: bool = False,
) -> Path:
    """Write the weights of a checkpoint as ``<name>-<first digits of the hash>.pth``.

    Args:
        source: what training wrote.
        out_dir: where the file goes.
        name: stem of the config file.
        half: see ``strip_checkpoint``.
        unsafe: see ``load_checkpoint_file``.

    Raises:
        UserError: no such checkpoint, no weights in it, or more than can be loaded
            safely; a name or a folder that cannot be used.
    """
    if not name.isprintable() or not name or Path(name).name != name:
        raise UserError(f'--name is the stem of a config file, got {name!r}')
    if out_dir.exists() and not out_dir.is_dir():
        raise UserError(f'{out_dir} is a file, not a folder to write to')
    if len(name) > LONGEST_NAME:
        raise UserError(f'--name is longer than {LONGEST_NAME} letters: {name}')
    stripped = strip_checkpoint(load_checkpoint_file(source, unsafe=unsafe), half=half)
    out_dir.mkdir(parents=True, exist_ok=True)
    unnamed = out_dir / f'{name}.pth'
    with written_whole(unnamed) as part:
        torch.save(stripped, part)
    return unnamed.replace(out_dir / f'{name}-{sha256_of(unnamed)[:8]}.pth')


def metafile_entry(path: Path, url: str) -> str:
    """The lines that a published file needs in ``metafile.yml``; the rest is a form."""
    name = path.stem.rpartition('-')[0]
    return f"""\
    Results:
      - Task: Object Detection
        Dataset: ...
        Metrics:
          box AP: ...
        Reported By: ...
    Weights: zoo://{name}
    File:
      URLs:
        - {url}
      SHA256: {sha256_of(path)}
      Size: {path.stat().st_size}
      License: ...
      Trained By: ...
      Trained On: ..."""
