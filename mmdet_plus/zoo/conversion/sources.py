"""Weights in the files of other code bases, by their names there."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from ..safe_loading import load_checkpoint_file
from .caffe_files import read_caffemodel
from .mxnet_files import read_params

WRAPPER = 'module.'  # what DataParallel puts before names


def read_weights(path: Path, *, unsafe: bool = False) -> dict[str, Tensor]:
    """The weights in a PyTorch checkpoint, a ``.caffemodel`` or a ``.params`` file.

    Args:
        path: the file.
        unsafe: see ``load_checkpoint_file``.

    Raises:
        ValueError: the file is damaged or holds no weights.
        UserError: see ``load_checkpoint_file``.
    """
    if path.suffix == '.caffemodel':
        return read_caffemodel(path)
    if path.suffix == '.params':
        return read_params(path)
    content = load_checkpoint_file(path, unsafe=unsafe)
    for key in ('state_dict', 'model'):
        inner = content.get(key)
        content = inner if isinstance(inner, dict) else content
    return _without_wrapper(content)


def _without_wrapper(content: Mapping[str, object]) -> dict[str, Tensor]:
    return {
        name.removeprefix(WRAPPER): value
        for name, value in content.items()
        if isinstance(value, Tensor)
    }
