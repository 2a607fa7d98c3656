"""From image files to the arrays that a graph takes, with NumPy and Pillow alone.

Resizing gives what OpenCV's bilinear one gives, to which MMDetection's pipelines lead.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from ..pixel_depth import FULL, depth_of, pillow_pixels, stated_bits, upper_bits
from .model_info import ModelInfo

Array = np.ndarray
DTYPES = (np.uint8, np.uint16)
COEFFICIENT = 2048  # fixed point of OpenCV's weights


class ModelInput(NamedTuple):
    """What a graph takes, of B images."""

    images: Array
    """(B, H, W, 3) uint8 RGB; each image at the top left, zero elsewhere."""
    sizes: Array
    """(B, 2) int64, heights and widths of the images in ``images``."""
    original_sizes: Array
    """(B, 2) int64, heights and widths before they were resized."""


def read_image(
    image: Any, channel_order: str = 'rgb', depth: int | None = None
) -> Array:
    """An image as (H, W, 3) uint8 RGB.

    Args:
        image: path, ``PIL.Image`` or (H, W, 3) uint8 or uint16 array. Files and images
            of Pillow are turned as their EXIF data ask for.
        channel_order: of arrays, ``'rgb'`` or ``'bgr'``.
        depth: bits that pictures of 16 use, see ``common_depth``; None for those of
            this image alone.

    Raises:
        ValueError: for an array of another kind, a picture of 32 bits, or colours that
            use 12 of 16 bits or less, unless ``depth`` is 16.
    """
    return upper_bits(_values(image, channel_order, depth), depth)


def read_image_to_draw(image: Any, channel_order: str = 'rgb') -> Array:
    """Likewise, of this image alone, also of dark colours what Pillow reads."""
    return upper_bits(_values(image, channel_order, FULL))


def common_depth(images: Sequence[Any]) -> int:
    """Bits that those of the images use together that have 16."""
    return depth_of(
        _values(image, depth=FULL) for image in images if _may_be_deep(image)
    )


def _may_be_deep(image: Any) -> bool:
    if isinstance(image, str | Path):
        with Image.open(image) as file:
            return _may_be_deep(file)
    if isinstance(image, Image.Image):
        return stated_bits(image) > 8 or image.mode.startswith('I')
    return getattr(image, 'dtype', None) == np.uint16


def _values(image: Any, channel_order: str = 'rgb', depth: int | None = None) -> Array:
    if isinstance(image, str | Path):
        with Image.open(image) as file:
            return pillow_pixels(file, depth)
    if isinstance(image, Image.Image):
        return pillow_pixels(image, depth)
    if not isinstance(image, np.ndarray):
        raise TypeError(f'an image is a path, array or PIL.Image, got {type(image)}')
    if image.ndim != 3 or image.shape[2] != 3 or image.dtype not in DTYPES:
        raise ValueError(
            'an array must be (H, W, 3) uint8 or uint16, got '
            f'{image.shape} {image.dtype}'
        )
    if 0 in image.shape:
        raise ValueError(f'the image has no pixels: {image.shape}')
    return image if channel_order == 'rgb' else image[:, :, ::-1]


def prepare(images: Sequence[Array], info: ModelInfo) -> ModelInput:
    """Resize and stack images (H_i, W_i, 3) for a model."""
    originals = [image.shape[:2] for image in images]
    sizes = [target_size(size[0], size[1], info) for size in originals]
    height, width = (max(side) for side in zip(*sizes, strict=True))
    if not info.dynamic:
        height, width = info.shape
    stacked = np.zeros((len(images), height, width, 3), np.uint8)
    for place, image, size in zip(stacked, images, sizes, strict=True):
        place[: size[0], : size[1]] = resize(image, size)
    return ModelInput(stacked, np.array(sizes, np.int64), np.array(originals, np.int64))


def target_size(height: int, width: int, info: ModelInfo) -> tuple[int, int]:
    """Height and width that an image is resized to; it fits a graph of fixed size."""
    if not info.keep_ratio:
        return info.shape[0], info.shape[1]
    short, long = sorted(info.shape)
    factor = min(long / max(height, width), short / min(height, width))
    if not info.dynamic:
        factor = min(factor, info.shape[0] / height, info.shape[1] / width)
    size = int(height * factor + 0.5), int(width * factor + 0.5)
    return max(size[0], 1), max(size[1], 1)


def resize(image: Array, size: tuple[int, int]) -> Array:
    """An image (H, W, C) uint8 resized to ``size``, height and width."""
    if image.shape[:2] == size:
        return image
    left, right, x_weights = _taps(image.shape[1], size[1], clip_weights=True)
    top, bottom, y_weights = _taps(image.shape[0], size[0], clip_weights=False)
    rows, places = np.unique(np.concatenate([top, bottom]), return_inverse=True)
    needed = image[rows].astype(np.int32)
    weights = x_weights[:, :, None]
    across = needed[:, left] * weights[0] + needed[:, right] * weights[1]
    across >>= 4
    weights = y_weights[:, :, None, None]
    upper = (across[places[: size[0]]] * weights[0]) >> 16
    lower = (across[places[size[0] :]] * weights[1]) >> 16
    return np.clip((upper + lower + 2) >> 2, 0, 255).astype(np.uint8)


def _taps(size: int, target: int, *, clip_weights: bool) -> tuple[Array, Array, Array]:
    """Two source pixels of each target pixel, and their fixed-point weights.

    Past the border both are its pixel; OpenCV then also clips the weights of columns,
    but not those of rows, which shows in the rounding.
    """
    places = ((np.arange(target) + 0.5) * (1 / (target / size)) - 0.5).astype(
        np.float32
    )
    first = np.floor(places).astype(np.int64)
    fraction = places - first.astype(np.float32)
    if clip_weights:
        fraction[(first < 0) | (first >= size - 1)] = 0
    weights = np.stack([1 - fraction, fraction]) * np.float32(COEFFICIENT)
    first, second = (np.clip(first + i, 0, size - 1) for i in (0, 1))
    return first, second, np.rint(weights).astype(np.int32)
