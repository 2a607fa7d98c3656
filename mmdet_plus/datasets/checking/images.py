"""Compares images with what the annotations say of them, and names unusual ones."""

import os
import os.path as osp
from collections import defaultdict
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import cv2
import mmcv
import numpy as np
from PIL import Image, ImageOps

from mmdet_plus.errors import UserError
from mmdet_plus.pixel_depth import DARK, stated_bits

from ..folders.content import EXIF_TURNED_FORMATS, image_size, orientation
from .findings import Finding
from .truncation import may_be_cut

# How Pillow calls what OpenCV reads as Pillow does, by format.
PLAIN_MODES = ('1', 'L', 'P', 'RGB')
PLAIN_FORMATS = ('JPEG', 'MPO', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM')
ALPHA_FORMATS = ('PNG', 'WEBP')  # whose alpha OpenCV leaves out
TURNED_FORMATS = (*EXIF_TURNED_FORMATS, 'TIFF')
LARGEST_DIFFERENCE = 6.0  # in the mean, of 255; decoders differ by 1 or 2
SPOILT = {
    'broken': 'images cannot be read',
    'swapped': 'images have width and height exchanged in the annotations, or are '
    'turned by EXIF data after they were labelled',
    'other': 'images have another size than the annotations say',
    'misread': 'images are read in other colours than they have; save them as RGB',
    'deep': 'images have 32 or more bits a channel, which cannot be read; save them '
    'with 8',
    'unturned': 'images are turned by EXIF data, which is obeyed in JPEG, PNG and TIFF '
    'only; save them upright',
    'dark': 'images have 16 bits of which 12 or less are used, and would be nearly '
    'black: scale them to 8 bits',
}
UNUSUAL = {
    'turned': 'images are turned by their EXIF data; boxes must fit the turned image',
    'gray': 'images are gray',
    'alpha': 'images have an alpha channel, which is left out',
    'CMYK': 'images are CMYK and are converted to RGB',
    '16-bit': 'images have 16 bits; their upper 8 are used',
    'dim': 'images have 16 bits of which 12 or less are used, unlike most others',
    'animated': 'images have several frames, of which the first is used',
}


def check_images(
    images: Sequence[dict[str, Any]], folder: str, *, pixels: bool = True
) -> list[Finding]:
    """Check image files.

    Args:
        images: with ``file_name``, ``width`` and ``height``, and ``source``.
        folder: in which they lie.
        pixels: whether all pixels are decoded, which finds all broken files; False
            reads the first and last bytes, which finds those that are cut off.
    """
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for image in images:
        name = image['file_name']
        path = osp.join(folder, name)
        try:
            size = image_size(path)
            kinds = kinds_of(path, pixels=pixels)
        except UserError as error:
            found['broken'].append((str(error), name))
            continue
        stated = (image['width'], image['height'])
        if size != stated:
            place = f'{path} is {size[0]} x {size[1]}, said {stated[0]} x {stated[1]}'
            found['swapped' if size == stated[::-1] else 'other'].append((place, name))
        for kind in kinds:
            found[kind].append((path, name))
    if len(found['dark']) <= len(found['16-bit']):  # night, not another number of bits
        found['dim'] = found.pop('dark')
    findings = []
    for kind, text in (SPOILT | UNUSUAL).items():
        if found[kind]:
            places, names = zip(*found[kind], strict=True)
            message = f'{len(names)} {text}'
            findings.append(Finding(kind in SPOILT, message, places, names))
    return findings


def kinds_of(path: str, *, pixels: bool) -> tuple[str, ...]:
    """What is unusual in a file, looked at once as long as the file stays the same.

    Raises:
        UserError: if it cannot be read.
    """
    try:
        state = os.stat(path)
    except OSError as error:
        raise UserError(f'image {path} cannot be read: {error.strerror}') from error
    return _kinds(path, state.st_mtime_ns, state.st_size, pixels=pixels)


@lru_cache(maxsize=2**18)
def _kinds(path: str, *_: int, pixels: bool) -> tuple[str, ...]:
    try:
        with Image.open(path) as image:
            bits, mode = stated_bits(image), image.mode
            kinds = _kinds_of_colours(image, path, bits)
            if orientation(image) not in (0, 1):
                is_turned = image.format in TURNED_FORMATS
                kinds.append('turned' if is_turned else 'unturned')
            if getattr(image, 'n_frames', 1) > 1:
                kinds.append('animated')
            is_cut = may_be_cut(image, path)
            if pixels or is_cut:
                image.load()
            if is_cut and mmcv.imread(path) is None:
                raise OSError('it is cut off')
    except Exception as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise UserError(f'image {path} cannot be read: {reason}') from error
    kinds += ['gray'] if mode in ('1', 'L', 'LA') else []
    kinds += ['alpha'] if mode in ('LA', 'PA', 'RGBA') else []
    return (*kinds, *(['CMYK'] if mode == 'CMYK' else []))


def _kinds_of_colours(image: Image.Image, path: str, bits: int) -> list[str]:
    if bits > 16:
        return ['deep']
    if bits == 16:
        values = cv2.imread(path, cv2.IMREAD_UNCHANGED)
        if values is None or values.dtype != np.uint16:
            return ['misread']
        return ['dark' if 0 < values[..., :3].max() < DARK else '16-bit']
    is_plain = image.mode in PLAIN_MODES and image.format in PLAIN_FORMATS
    if is_plain or image.format in ALPHA_FORMATS:
        return []
    return ['misread'] if _is_misread(image, path) else []


def _is_misread(image: Image.Image, path: str) -> bool:
    """Whether training would see other colours than Pillow does."""
    shown = np.asarray(ImageOps.exif_transpose(image).convert('RGB'), int)
    read = mmcv.imread(path, channel_order='rgb')
    if read is None or read.shape != shown.shape:
        return True
    return float(np.abs(read - shown).mean()) > LARGEST_DIFFERENCE
