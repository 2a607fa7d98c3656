"""How pictures of more than 8 bits become 8, wherever they come in.

A picture of 16 bits does not tell how many it uses: cameras of 12 bits leave the upper
ones empty. Pictures that are given together have the smallest depth of 8, 12 and 16
bits that holds all their values, and the upper 8 bits of that depth are used. One
picture of several is never scaled otherwise than the others.
"""

import re
from collections.abc import Iterable

import numpy as np
from PIL import Image, ImageOps

DEPTHS = (8, 12, 16)
FULL = DEPTHS[-1]
DARK = 1 << 12  # below it nothing but the lower half of 8 bits would be left of 16


class DepthError(ValueError):
    """A picture has values that no number of bits explains, or that are not read."""


def depth_of(pictures: Iterable[np.ndarray]) -> int:
    """Bits that pictures use together, 16 where nothing tells.

    Args:
        pictures: arrays, taken one by one until one needs all bits; those of uint8 and
            black ones tell nothing.
    """
    found = 0
    for picture in pictures:
        largest = 0 if picture.dtype == np.uint8 else int(picture.max())
        if largest:
            found = max(found, next(d for d in DEPTHS if largest < 1 << d))
        if found == FULL:
            break
    return found or FULL


def upper_bits(picture: np.ndarray, depth: int | None = None) -> np.ndarray:
    """The upper 8 bits of an array of uint16; one of uint8 is returned as it is.

    Args:
        picture: of any shape.
        depth: bits in use, see ``depth_of``; None for those of this picture alone.
    """
    if picture.dtype == np.uint8:
        return picture
    depth = depth_of([picture]) if depth is None else depth
    return (picture >> (depth - 8)).clip(0, 255).astype(np.uint8)


def pillow_pixels(image: Image.Image, depth: int | None = None) -> np.ndarray:
    """Pixels of an image, turned as its EXIF data ask for.

    Args:
        image: of any mode.
        depth: bits that the pictures of a call use together; None for this one alone.

    Returns:
        (h, w, 3) RGB: uint8, or uint16 for 16 bits. Of colours Pillow reads but the
        upper 8 of those: the others are zero.

    Raises:
        DepthError: for 32 bits, and for colours that use 12 of 16 bits or less, unless
            other pictures need all of them.
    """
    bits = stated_bits(image)
    image = ImageOps.exif_transpose(image)
    if image.mode == 'F':
        raise DepthError('has 32 bits a channel: save it with 8')
    if image.mode.startswith('I'):
        return _gray(np.asarray(image))[..., None].repeat(3, axis=2)
    pixels = np.asarray(image.convert('RGB'))
    if bits != FULL:
        return pixels
    if depth != FULL and 0 < pixels.max() < DARK >> 8:
        raise DepthError('uses 12 or less of its 16 bits a channel: scale it to 8 bits')
    return pixels.astype(np.uint16) << 8


def _gray(values: np.ndarray) -> np.ndarray:
    low, high = int(values.min()), int(values.max())
    if low < 0 or high >= 1 << FULL:
        raise DepthError(f'has values from {low} to {high}: save it with 8 or 16 bits')
    return values.astype(np.uint16)


def stated_bits(image: Image.Image) -> int:
    """Bits a channel in the file of an image, which Pillow's modes do not tell.

    Args:
        image: that was opened and not read yet; 8 is said of others in colour.
    """
    tiles = getattr(image, 'tile', ())  # of images that come from files
    layout = tiles[0][3] if tiles else ''
    parts = layout if isinstance(layout, tuple) else (layout,)
    raw = f'{parts[0] if parts else ""};{image.mode}'
    if image.format == 'PPM' and len(parts) > 1:
        return 16 if parts[1] > 255 else 8
    found = [int(bits) for bits in re.findall(r';(16|32|64)', raw)]
    deep = 32 if image.mode == 'F' else 16 if image.mode == 'I' else 8
    return max([*found, 8 if found else deep])
