"""Images that strangers send: bounded, decoded with care, and not kept."""

import shutil
import warnings
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image

from ..errors import UserError
from ..pixel_depth import DepthError, pillow_pixels, upper_bits

# Decoders of other formats are less looked after, or start programs.
FORMATS = ('BMP', 'JPEG', 'PNG', 'WEBP')


class Limits(NamedTuple):
    """What an image may be."""

    megabytes: float = 20
    """Of the file."""
    megapixels: float = 16
    """Once decoded, which a small file may hide."""


def read_upload(path: str | Path, limits: Limits) -> np.ndarray:
    """Decode an image and remove its file, whatever comes of it.

    Args:
        path: of the file, alone in its folder, which goes too.
        limits: of size.

    Returns:
        (h, w, 3) uint8 RGB, turned as its EXIF data say.

    Raises:
        UserError: the file is too large, or not an image that can be read.
    """
    path = Path(path)
    try:
        return _decode(path, limits)
    finally:
        shutil.rmtree(path.parent, ignore_errors=True)


def _decode(path: Path, limits: Limits) -> np.ndarray:
    size = path.stat().st_size
    if size > limits.megabytes * 2**20:
        raise UserError(
            f'the file has {size / 2**20:.1f} MiB; at most {limits.megabytes:g} are '
            'taken'
        )
    try:
        # The header first: its size is looked at before the pixels are unpacked. The
        # limit of Pillow itself is larger.
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(path, formats=FORMATS) as image:
                _check_pixels(image.width, image.height, limits)
                return upper_bits(pillow_pixels(image))
    except UserError:
        raise
    except DepthError as error:
        raise UserError(f'the image {error}') from error
    except Image.DecompressionBombError as error:
        raise UserError('the image has too many pixels') from error
    except Exception as error:
        raise UserError(
            f'the file cannot be read as {", ".join(FORMATS)}: it is damaged, or '
            'something else'
        ) from error


def _check_pixels(width: int, height: int, limits: Limits) -> None:
    if width * height > limits.megapixels * 1e6:
        raise UserError(
            f'the image has {width} x {height} pixels; at most '
            f'{limits.megapixels:g} million are taken'
        )
    if min(width, height) < 2:
        raise UserError(f'the image has {width} x {height} pixels, too few')
