"""Files as the authors' frameworks write them, with the weights of a released list."""

import itertools
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

LISTS = Path(__file__).parents[1] / 'zoo/conversion/layouts/released'
LINE = re.compile(r'(\S+) \[([\d,]*)\]( int64)?')


class Stored(NamedTuple):
    """Shape and type of a weight."""

    shape: tuple[int, ...]
    is_integer: bool


def released_list(name: str) -> dict[str, Stored]:
    """Names of all weights in a released file; ``{a,b}`` in a line stands for each."""
    found = {}
    for line in (LISTS / f'{name}.txt').read_text().splitlines():
        names, shape, is_integer = LINE.fullmatch(line).groups()
        sizes = tuple(int(size) for size in shape.split(',') if size)
        parts = [part.split(',') for part in re.split(r'[{}]', names)[1::2]]
        template = re.sub(r'\{[^}]*\}', '{}', names)
        for choice in itertools.product(*parts):
            found[template.format(*choice)] = Stored(sizes, bool(is_integer))
    return found


def small_tensors(stored: Mapping[str, Stored]) -> dict[str, Tensor]:
    """Tensors of these shapes, all values of one the same, which take no memory.

    The value of each is another one, so that an exchange is seen.
    """
    return {
        name: torch.tensor(i % 97 if own.is_integer else i + 1.0).expand(own.shape)
        for i, (name, own) in enumerate(stored.items())
    }


def write_pickle(path: Path, content: object) -> None:
    """As PyTorch before 1.6 wrote checkpoints."""
    torch.save(content, path, _use_new_zipfile_serialization=False)


def write_params(path: Path, weights: Mapping[str, Tensor]) -> None:
    """As MXNet writes a dictionary of arrays."""
    with path.open('wb') as file:
        file.write(struct.pack('<QQQ', 0x112, 0, len(weights)))
        for value in weights.values():
            file.write(struct.pack('<IiI', 0xF993FAC9, 0, value.dim()))
            file.write(struct.pack(f'<{value.dim()}q', *value.shape))
            file.write(struct.pack('<iii', 1, 0, 0))  # on the CPU, float32
            file.write(value.contiguous().numpy().astype('<f4').tobytes())
        file.write(struct.pack('<Q', len(weights)))
        for name in weights:
            file.write(struct.pack('<Q', len(name)) + name.encode())


def _varint(value: int) -> bytes:
    out = b''
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def _field(number: int, content: bytes) -> bytes:
    return _varint(number << 3 | 2) + _varint(len(content)) + content


def write_caffemodel(path: Path, blobs: Mapping[str, Tensor]) -> None:
    """As Caffe writes a trained net; names are ``layer/0`` for the layer's first blob.

    Also holds layers without blobs, as files of Caffe do.
    """
    layers: dict[str, list[Tensor]] = {}
    for name in sorted(blobs):
        layers.setdefault(name.rpartition('/')[0], []).append(blobs[name])
    with path.open('wb') as file:
        file.write(_field(1, b'a net'))
        for layer, values in layers.items():
            kind = b'BatchNorm' if len(values) == 3 else b'Convolution'
            content = _field(1, layer.encode()) + _field(2, kind)
            for value in values:
                shape = _field(1, b''.join(_varint(size) for size in value.shape))
                data = value.contiguous().numpy().astype('<f4').tobytes()
                content += _field(7, _field(5, data) + _field(7, shape))
            file.write(_field(100, content))
            file.write(_field(100, _field(1, b'relu') + _field(2, b'ReLU')))
