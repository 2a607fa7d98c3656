"""Reads the arrays in an MXNet ``.params`` file."""

import struct
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

LIST_MAGIC = 0x112
V1_MAGIC, V2_MAGIC, V3_MAGIC = 0xF993FAC8, 0xF993FAC9, 0xF993FACA
DTYPES = {0: 'float32', 1: 'float64', 2: 'float16', 3: 'uint8', 4: 'int32'}


def read_params(path: Path) -> dict[str, Tensor]:
    """Arrays by name, without the ``arg:`` or ``aux:`` before it.

    Raises:
        ValueError: not such a file, a sparse array, or one of an unknown type.
    """
    stream = BytesIO(path.read_bytes())
    try:
        magic, _, count = _read(stream, '<QQQ')
        if magic != LIST_MAGIC:
            raise ValueError(f'{path} is not a .params file of MXNet')
        arrays = [_read_array(stream) for _ in range(count)]
        (num_names,) = _read(stream, '<Q')
        names = [_read_name(stream) for _ in range(num_names)]
    except EOFError:
        raise ValueError(f'{path} ends in the middle of an array') from None
    return dict(zip(names, arrays, strict=True))


def _read(stream: BytesIO, layout: str) -> tuple:
    return struct.unpack(layout, _take(stream, struct.calcsize(layout)))


def _take(stream: BytesIO, size: int) -> bytes:
    data = stream.read(size)
    if len(data) < size:
        raise EOFError
    return data


def _read_name(stream: BytesIO) -> str:
    (length,) = _read(stream, '<Q')
    return _take(stream, length).decode().partition(':')[2]


def _read_array(stream: BytesIO) -> Tensor:
    (magic,) = _read(stream, '<I')
    if magic in (V2_MAGIC, V3_MAGIC):
        (storage,) = _read(stream, '<i')
        if storage != 0:
            raise ValueError(f'arrays must be dense, got storage type {storage}')
    # The oldest files begin with the number of dimensions, which are 32 bits wide.
    has_magic = magic in (V1_MAGIC, V2_MAGIC, V3_MAGIC)
    num_dims = _read(stream, '<I')[0] if has_magic else magic
    if num_dims == 0 and magic != V3_MAGIC:
        return torch.empty(0)  # an array without values: nothing follows
    shape = _read(stream, f'<{num_dims}{"q" if has_magic else "I"}')
    _device, _index, kind = _read(stream, '<iii')
    if kind not in DTYPES:
        raise ValueError(f'type {kind} of an array is unknown')
    dtype = np.dtype(DTYPES[kind]).newbyteorder('<')
    data = _take(stream, int(np.prod(shape)) * dtype.itemsize)
    return torch.from_numpy(np.frombuffer(data, dtype).reshape(shape).copy())
