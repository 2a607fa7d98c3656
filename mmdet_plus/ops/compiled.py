"""Loads the compiled ops, and says which of them can run where.

The dispatcher is asked once, at import: ``torch.compile`` cannot trace such a question.
"""

import functools
import warnings
from pathlib import Path

import torch

_OPS = ('deform_roi_align', 'local_importance_pool2d')
_DISPATCH_KEYS = {'cpu': 'CPU', 'cuda': 'CUDA'}
_REPAIR = (
    'pip install --no-build-isolation -e . (with a C++ compiler; for CUDA also with '
    'nvcc and a CUDA build of torch)'
)


def _load_library() -> str:
    """Load the compiled ops; empty, or the reason why they cannot be used."""
    problem = 'they were not built'
    for library in sorted(Path(__file__).parent.glob('_C*.so')):
        try:
            torch.ops.load_library(str(library))
            return ''
        except (OSError, RuntimeError) as error:  # built for another version of torch
            problem = str(error.__cause__ or error).splitlines()[0]
    return problem


_problem = _load_library()
_kernels = frozenset(
    (op, device_type)
    for op in _OPS
    for device_type, key in _DISPATCH_KEYS.items()
    if not _problem
    and torch._C._dispatch_has_kernel_for_dispatch_key(f'mmdet_plus::{op}', key)
)


def is_compiled() -> bool:
    """Whether the compiled ops were built and loaded."""
    return not _problem


def has_kernel(op: str, device_type: str) -> bool:
    """Whether the op ``mmdet_plus::{op}`` has a kernel for a device such as ``'cuda'``.

    Where it has none, the slower PyTorch twin is to be used; a warning says so once per
    device type.
    """
    if (op, device_type) in _kernels or (device_type == 'meta' and is_compiled()):
        return True
    _warn_once(device_type)
    return False


@functools.cache
def _warn_once(device_type: str) -> None:
    reason = _problem or 'they were built without kernels for it'
    warnings.warn(
        f'The compiled ops of mmdet_plus cannot be used on {device_type} ({reason}); '
        f'their slower PyTorch forms are. Repair: {_REPAIR}.',
        stacklevel=4,
    )
