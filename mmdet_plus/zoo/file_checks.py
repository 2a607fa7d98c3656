"""Whether a file is a whole checkpoint of PyTorch, found out without reading it in."""

import io
import os.path as osp
import pickletools
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from ..errors import UserError
from .allowed_types import UnsafeCheckpointError
from .index import SCHEME, check_has_weights, find_entry

# How torch.save began files before they became zip archives: a pickle of this number.
LEGACY_MAGIC = 0x1950A86A20F9469CFC6C
LEGACY_PICKLES = 5
# A checkpoint of a detector with all states of its optimizer has some ten thousand.
MAX_STEPS = 2_000_000
WEIGHT_SUFFIXES = ('.pth', '.pt', '.safetensors')  # of checkpoints
ZIP_START = b'PK\x03\x04'


def check_checkpoint(path: str) -> None:
    """Raise ``UserError`` unless a local path is a file that PyTorch wrote.

    Args:
        path: a path; ``zoo://NAME`` must name a model of the zoo with weights, anything
            else with ``://`` and ``.safetensors`` files are left to the loader.
    """
    if '://' not in path:
        if not osp.isfile(path):
            state = 'is a folder' if osp.isdir(path) else 'does not exist'
            raise UserError(f'checkpoint {path or "(an empty text)"} {state}')
        if not path.endswith('.safetensors'):
            check_checkpoint_file(path)
    elif path.startswith(SCHEME):
        check_has_weights(find_entry(path.removeprefix(SCHEME)))


def check_checkpoint_file(path: str | Path) -> None:
    """Raise ``UserError`` unless a file is whole and as PyTorch writes them.

    Checksums of zip archives are compared, which PyTorch does not do. Nothing is
    unpickled.

    Args:
        path: a file that exists.

    Raises:
        UserError: the file is no checkpoint, was cut off, or has changed since.
        UnsafeCheckpointError: the file would take far more memory or time than its
            size tells.
    """
    with open(path, 'rb') as file:
        is_zip = file.read(len(ZIP_START)) == ZIP_START
        file.seek(0)
        if is_zip:
            _check_archive(path)
        else:
            _check_legacy(path, file)


def _check_archive(path: str | Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            if any(n.endswith('/constants.pkl') for n in archive.namelist()):
                raise UserError(f'{path} is a program of TorchScript, no checkpoint')
            pickles = [n for n in archive.namelist() if n.endswith('data.pkl')]
            if len(pickles) != 1:
                raise zipfile.BadZipFile
            # PyTorch stores; what is packed may be a thousand times as large.
            if any(i.compress_type != zipfile.ZIP_STORED for i in archive.infolist()):
                raise UnsafeCheckpointError(
                    f'{path} is a compressed archive, which PyTorch does not write'
                )
            damaged = archive.testzip()
            if damaged is not None:
                raise UserError(
                    f'{path} is damaged: the checksum of {damaged} is wrong. Get the '
                    'file again'
                )
            _count_steps(path, io.BytesIO(archive.read(pickles[0])))
    except (zipfile.BadZipFile, EOFError, NotImplementedError, zlib.error, OSError):
        raise _not_whole(path) from None


def _check_legacy(path: str | Path, file: BinaryIO) -> None:
    try:
        first = next(a for op, a, _ in pickletools.genops(file) if op.name == 'LONG1')
        if first != LEGACY_MAGIC:
            raise ValueError
        file.seek(0)
        for _ in range(LEGACY_PICKLES):
            _count_steps(path, file)
    except (ValueError, StopIteration, UnicodeDecodeError):
        raise _not_whole(path) from None


def _not_whole(path: str | Path) -> UserError:
    return UserError(f'{path} is not a checkpoint, or only a part of one')


def _count_steps(path: str | Path, file: BinaryIO) -> None:
    for step, _ in enumerate(pickletools.genops(file)):
        if step > MAX_STEPS:
            raise UnsafeCheckpointError(
                f'{path} holds more than {MAX_STEPS:,} values beside its weights'
            )
