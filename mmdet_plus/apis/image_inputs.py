"""What users give as images, as MMDetection reads it."""

import os
import warnings
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from mmdet.apis.det_inferencer import IMG_EXTENSIONS
from PIL import Image

from ..errors import UserError
from ..pixel_depth import (
    FULL,
    DepthError,
    depth_of,
    pillow_pixels,
    stated_bits,
    upper_bits,
)

KINDS = 'a path, a URL, a folder, an array (h, w, 3) in BGR or an image of Pillow'


def list_inputs(inputs: Any) -> list[Any]:
    """One entry for each image.

    Args:
        inputs: a path, URL, folder, array or image of Pillow, or a list of those.

    Returns:
        Paths and URLs as texts, and arrays (h, w, 3), uint8 or uint16, in BGR.

    Raises:
        UserError: something is no image, or a folder has none.
    """
    if isinstance(inputs, list | tuple):
        return [read_input(item, f'input {i}') for i, item in enumerate(inputs)]
    if isinstance(inputs, str | os.PathLike) and os.path.isdir(inputs):
        return [str(path) for path in images_of_folder(Path(inputs))]
    return [read_input(inputs, 'the input')]


def images_of_folder(folder: Path) -> list[Path]:
    """Images of a folder by their suffixes, small or capital, in order of names.

    Raises:
        UserError: there is none.
    """
    found = sorted(
        path
        for path in folder.iterdir()
        if path.suffix.lower() in IMG_EXTENSIONS and not path.is_dir()
    )
    if not found:
        raise UserError(f'{folder} holds no image')
    return found


def read_input(item: Any, name: str) -> Any:
    """A text or an array for an image; see ``list_inputs``.

    Args:
        item: not a list or a folder.
        name: what to call it in messages.
    """
    if isinstance(item, str | os.PathLike):
        return _existing(os.fspath(item))
    if isinstance(item, Image.Image):
        return _pillow_pixels(item, name)
    if isinstance(item, np.ndarray):
        return _pixels(item, name)
    kind = type(item).__name__
    hint = '; give tensor.numpy() with the channels last' * torch.is_tensor(item)
    raise UserError(f'{name} is a {kind}: it must be {KINDS}{hint}')


def _existing(path: str) -> str:
    if '://' not in path and not os.path.isfile(path):
        state = 'is a folder' if os.path.isdir(path) else 'does not exist'
        raise UserError(f'{path or "the input (an empty text)"} {state}')
    return path


def _pillow_pixels(image: Image.Image, name: str) -> np.ndarray:
    try:
        return pillow_pixels(image)[..., ::-1]
    except DepthError as error:
        raise UserError(f'{name} {error}') from error


def _pixels(image: np.ndarray, name: str) -> np.ndarray:
    """An array of any usual form as (h, w, 3), uint8 or uint16."""
    if image.ndim == 2:
        image = image[..., None]
    if image.ndim != 3 or image.shape[2] not in (1, 3, 4) or 0 in image.shape:
        raise UserError(
            f'{name} has the shape {image.shape}: an image is (height, width), or '
            '(height, width, channels) with 1, 3 or 4 channels, and not empty'
        )
    image = _bytes(image, name)
    if image.shape[2] == 1:
        return image.repeat(3, axis=2)
    return np.ascontiguousarray(image[..., :3])  # without alpha


def _bytes(image: np.ndarray, name: str) -> np.ndarray:
    if image.dtype in (np.uint8, np.uint16):
        return image
    if image.dtype.kind not in 'iuf':
        raise UserError(f'{name} is an array of {image.dtype}; pixels are uint8')
    low, high = float(image.min()), float(image.max())
    if not (low >= 0 and high <= 255):
        raise UserError(
            f'{name} has values from {low:g} to {high:g}; pixels are 0..255'
        )
    if image.dtype.kind == 'f' and 0 < high <= 1:
        raise UserError(
            f'{name} has values in 0..1; pixels are 0..255: multiply by 255'
        )
    return image.round().astype(np.uint8)


def scaled(items: Sequence[Any]) -> tuple[list[Any], int]:
    """Arrays of 16 bits as 8, see ``mmdet_plus.pixel_depth``; files count with them.

    Args:
        items: of ``list_inputs``.

    Returns:
        Paths as they are and arrays of uint8, and the bits that all pictures of 16 bits
        use, 16 where there are none.
    """
    pictures = (deep_values(x) if isinstance(x, str) else x for x in items)
    depth = depth_of(x for x in pictures if x is not None)
    return [x if isinstance(x, str) else upper_bits(x, depth) for x in items], depth


def deep_values(path: str) -> np.ndarray | None:
    """Values (h, w, 3), uint16, in BGR of a file of 16 bits; None for any other."""
    if '://' in path:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter('ignore', Image.DecompressionBombWarning)
            with Image.open(path) as image:
                if stated_bits(image) != FULL:
                    return None
        # OpenCV opens no file of any name everywhere.
        content = np.fromfile(path, np.uint8)
        values = cv2.imdecode(content, cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH)
    except Exception:  # whoever reads the file says what is wrong with it
        return None
    return None if values is None or values.dtype != np.uint16 else values


def distinct_names(paths: Iterable[str]) -> dict[str, str]:
    """Names for what is written of files, each once.

    Args:
        paths: of images, perhaps of several folders.

    Returns:
        By path the stem of its file; where it is taken with the suffix and, if that is
        taken, with the number of the path.
    """
    names: dict[str, str] = {}
    taken: set[str] = set()
    for number, path in enumerate(dict.fromkeys(paths)):
        file = Path(path)
        choices = (file.stem, file.name.replace('.', '_'), f'{file.stem}_{number}')
        name = next((n for n in choices if n.lower() not in taken), choices[-1])
        taken.add(name.lower())
        names[path] = name
    return names
