"""Compares images with what the annotations say of them, and names unusual ones."""

import hashlib
import os.path as osp
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image

from mmdet_plus.errors import UserError

from ..folders.content import image_size, orientation
from .findings import Finding

HIGH_MODES = ('I', 'F', 'I;16', 'I;16B', 'I;16L')
DARK = 4096  # 16-bit pictures below this use 12 bits or less, and come out black
SPOILT = {
    'broken': 'images cannot be read',
    'swapped': 'images have width and height exchanged in the annotations, or are '
    'turned by EXIF data after they were labelled',
    'other': 'images have another size than the annotations say',
    'dark': 'images have 16 bits of which 12 or less are used, and would be nearly '
    'black: scale them to 8 bits',
}
UNUSUAL = {
    'turned': 'images are turned by their EXIF data; boxes must fit the turned image',
    'gray': 'images are gray',
    'alpha': 'images have an alpha channel, which is left out',
    'CMYK': 'images are CMYK and are converted to RGB',
    '16-bit': 'images have 16 bits; their upper 8 are used',
    'animated': 'images have several frames, of which the first is used',
}


def check_images(
    images: Sequence[dict[str, Any]], folder: str, *, pixels: bool = True
) -> list[Finding]:
    """Check image files.

    Args:
        images: with ``file_name``, ``width`` and ``height``, and ``source``.
        folder: in which they lie.
        pixels: whether all pixels are decoded, which finds broken files; False reads
            the first bytes only.
    """
    found: dict[str, list[str]] = defaultdict(list)
    for image in images:
        path = osp.join(folder, image['file_name'])
        try:
            size = image_size(path)
            kinds = _kinds(path, pixels=pixels)
        except UserError as error:
            found['broken'].append(str(error))
            continue
        stated = (image['width'], image['height'])
        if size != stated:
            place = f'{path} is {size[0]} x {size[1]}, said {stated[0]} x {stated[1]}'
            found['swapped' if size == stated[::-1] else 'other'].append(place)
        for kind in kinds:
            found[kind].append(path)
    return [
        Finding(kind in SPOILT, f'{len(found[kind])} {text}', found[kind], found[kind])
        for kind, text in (SPOILT | UNUSUAL).items()
        if found[kind]
    ]


def content_hash(path: str) -> str:
    """What tells images apart by their pixels' file; '' for one that is not there."""
    try:
        with open(path, 'rb') as file:
            return hashlib.sha1(file.read()).hexdigest()
    except OSError:
        return ''


def _kinds(path: str, *, pixels: bool) -> list[str]:
    kinds = []
    try:
        with Image.open(path) as image:
            mode = image.mode
            if orientation(image) not in (0, 1):
                kinds.append('turned')
            if getattr(image, 'n_frames', 1) > 1:
                kinds.append('animated')
            if pixels:
                image.load()
            if mode in HIGH_MODES:
                is_dark = 0 < int(np.asarray(image).max()) < DARK
                kinds.append('dark' if is_dark else '16-bit')
    except Exception as error:
        reason = ' '.join(str(error).split()) or type(error).__name__
        raise UserError(f'image {path} cannot be read: {reason}') from error
    kinds += ['gray'] if mode in ('1', 'L', 'LA') else []
    kinds += ['alpha'] if mode in ('LA', 'PA', 'RGBA') else []
    return [*kinds, *(['CMYK'] if mode == 'CMYK' else [])]
