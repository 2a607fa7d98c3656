"""What a checkpoint may hold beside tensors and containers: numbers and logs."""

import codecs
from collections.abc import Callable
from functools import cache, wraps
from typing import Any

import numpy as np
from mmengine.logging import HistoryBuffer

from ..errors import UserError

HISTORY_STATISTICS = ('min', 'max', 'mean', 'current')
MAX_DEPTH = 200


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


def _as_numpy_1_called_it(function: Callable) -> Callable:
    @wraps(function)
    def old(*args: Any) -> Any:
        return function(*args)

    # Pairs of function and name would do from torch 2.6 on.
    old.__module__ = 'numpy.core.multiarray'
    return old


@cache
def allowed_types() -> list:
    """Types and functions that PyTorch's reader of weights is told to accept."""
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


def check_values(content: Any) -> None:
    """Raise ``UnsafeCheckpointError`` for values that crash whoever uses them.

    These are arrays with fields, whose offsets may lie outside of the array and which
    training never writes, and containers in containers without end.

    Args:
        content: what was read, of allowed types only.
    """
    seen: set[int] = set()
    level = [content]
    for _ in range(MAX_DEPTH):
        inner: list = []
        for value in level:
            if id(value) not in seen:
                seen.add(id(value))
                inner += _parts_of(value)
        if not inner:
            return
        level = inner
    raise UnsafeCheckpointError(f'containers nested more than {MAX_DEPTH} deep')


def _parts_of(value: Any) -> list:
    kind = value if isinstance(value, np.dtype) else getattr(value, 'dtype', None)
    if isinstance(kind, np.dtype):
        if kind.fields is not None or kind.hasobject:
            raise UnsafeCheckpointError('a NumPy array that is not of plain numbers')
        return []
    if isinstance(value, dict):
        return [*value.keys(), *value.values()]
    if isinstance(value, list | tuple | set | frozenset):
        return list(value)
    return [vars(value)] if isinstance(value, HistoryBuffer) else []
