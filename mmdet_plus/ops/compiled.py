"""Loads the compiled ops, and says which of them can run where."""

import warnings
from pathlib import Path

import torch

for _library in sorted(Path(__file__).parent.glob('_C*.so')):
    torch.ops.load_library(str(_library))

_REPAIR = (
    'Repair: pip install -e . --no-build-isolation (with a compiler; for CUDA also with '
    'nvcc and a CUDA build of torch).'
)
_warned: set[tuple[str, str]] = set()


def is_compiled() -> bool:
    """Whether the compiled ops were built and loaded."""
    return hasattr(torch.ops.mmdet_plus, 'deform_roi_align')


def has_kernel(op: str, device_type: str) -> bool:
    """Whether the op ``mmdet_plus::{op}`` has a kernel for a device such as ``'cuda'``.

    Where it has none, a warning says so once: the slower PyTorch twin is used.
    """
    name, key = f'mmdet_plus::{op}', device_type.upper()
    known = is_compiled() and (
        device_type == 'meta'
        or torch._C._dispatch_has_kernel_for_dispatch_key(name, key)
    )
    if not known and (op, device_type) not in _warned:
        _warned.add((op, device_type))
        warnings.warn(
            f'{name} has no compiled kernel for {device_type}; using its slower PyTorch '
            f'form. {_REPAIR}',
            stacklevel=3,
        )
    return known
