"""Compares images with what the annotations say of them, and names unusual ones."""

import hashlib
import os
import os.path as osp
import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import cv2
import mmcv
import numpy as np
from PIL import Image, ImageOps

from mmdet_plus.errors import UserError

from ..folders.content import EXIF_TURNED_FORMATS, image_size, orientation
from .findings import Finding

# How Pillow calls what OpenCV reads as Pillow does, by format.
PLAIN_MODES = ('1', 'L', 'P', 'RGB')
PLAIN_FORMATS = ('JPEG', 'MPO', 'PNG', 'BMP', 'TIFF', 'WEBP', 'PPM')
ALPHA_FORMATS = ('PNG', 'WEBP')  # whose alpha OpenCV leaves out
TURNED_FORMATS = (*EXIF_TURNED_FORMATS, 'TIFF')
ENDS, LENGTH_OF_END = {'JPEG': b'\xff\xd9', 'PNG': b'IEND'}, 4096
LARGEST_DIFFERENCE = 6.0  # in the mean, of 255; decoders differ by 1 or 2
DARK = 4096  # 16-bit pictures below this use 12 bits or less, and come out black
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
    'cut': 'images may be cut off: the mark of their end is missing',
    'animated': 'images have several frames, of which the first is used',
}


def check_images(
    images: Sequence[dict[str, Any]],
    folder: str,
    *,
    pixels: bool = True,
    unusual: bool = True,
) -> list[Finding]:
    """Check image files.

    Args:
        images: with ``file_name``, ``width`` and ``height``, and ``source``.
        folder: in which they lie.
        pixels: whether all pixels are decoded, which finds broken files; False reads
            the first and last bytes only.
        unusual: whether what does no harm is told too, such as gray images.
    """
    found: dict[str, list[tuple[str, str]]] = defaultdict(list)
    for image in images:
        name = image['file_name']
        path = osp.join(folder, name)
        try:
            size = image_size(path)
            kinds = _kinds(path, pixels=pixels)
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
    told = UNUSUAL if unusual else {'cut': UNUSUAL['cut']}
    for kind, text in (SPOILT | told).items():
        if found[kind]:
            places, names = zip(*found[kind], strict=True)
            message = f'{len(names)} {text}'
            findings.append(Finding(kind in SPOILT, message, places, names))
    return findings


def content_hash(path: str) -> str:
    """What tells images apart by their pixels' file; '' for one that is not there."""
    try:
        with open(path, 'rb') as file:
            return hashlib.sha1(file.read()).hexdigest()
    except OSError:
        return ''


def _kinds(path: str, *, pixels: bool) -> list[str]:
    try:
        with Image.open(path) as image:
            bits, mode = _bits(image), image.mode
            kinds = _kinds_of_colours(image, path, bits)
            if orientation(image) not in (0, 1):
                is_turned = image.format in TURNED_FORMATS
                kinds.append('turned' if is_turned else 'unturned')
            if getattr(image, 'n_frames', 1) > 1:
                kinds.append('animated')
            if pixels:
                image.load()
            elif not _has_end(path, ENDS.get(str(image.format), b'')):
                kinds.append('cut')
    except Exception as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise UserError(f'image {path} cannot be read: {reason}') from error
    kinds += ['gray'] if mode in ('1', 'L', 'LA') else []
    kinds += ['alpha'] if mode in ('LA', 'PA', 'RGBA') else []
    return [*kinds, *(['CMYK'] if mode == 'CMYK' else [])]


def _has_end(path: str, mark: bytes) -> bool:
    """Whether a file ends as it should; some cameras add to that."""
    with open(path, 'rb') as file:
        file.seek(max(0, os.path.getsize(path) - LENGTH_OF_END))
        return mark in file.read()


def _bits(image: Image.Image) -> int:
    """Bits a channel in the file, which Pillow's modes do not tell."""
    tiles = getattr(image, 'tile', ())  # of images that come from files
    layout = tiles[0][3] if tiles else ''
    parts = layout if isinstance(layout, tuple) else (layout,)
    raw = f'{parts[0] if parts else ""};{image.mode}'
    if image.format == 'PPM' and len(parts) > 1:
        return 16 if parts[1] > 255 else 8
    found = [int(bits) for bits in re.findall(r';(16|32|64)', raw)]
    deep = 32 if image.mode == 'F' else 16 if image.mode == 'I' else 8
    return max([*found, 8 if found else deep])


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
