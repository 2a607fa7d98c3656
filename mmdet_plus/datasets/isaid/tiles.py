"""Cuts iSAID images into overlapping tiles with instance masks from the id images."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy import ndarray
from pycocotools import mask as coco_mask

# The 15 classes by the names MMDetection uses, and their colours (RGB) in
# `*_instance_color_RGB.png`.
COLOURS = {
    'ship': (0, 0, 63),
    'store_tank': (0, 63, 63),
    'baseball_diamond': (0, 63, 0),
    'tennis_court': (0, 63, 127),
    'basketball_court': (0, 63, 191),
    'Ground_Track_Field': (0, 63, 255),
    'Bridge': (0, 127, 63),
    'Large_Vehicle': (0, 127, 127),
    'Small_Vehicle': (0, 0, 127),
    'Helicopter': (0, 0, 191),
    'Swimming_pool': (0, 0, 255),
    'Roundabout': (0, 191, 127),
    'Soccer_ball_field': (0, 127, 191),
    'plane': (0, 127, 255),
    'Harbor': (0, 100, 155),
}
IDS_BY_COLOUR = {colour: i + 1 for i, colour in enumerate(COLOURS.values())}
CATEGORIES = [dict(id=i + 1, name=name) for i, name in enumerate(COLOURS)]


class Tile(NamedTuple):
    """A window of an image; pixels, ``x`` and ``y`` of its upper left corner."""

    x: int
    y: int
    width: int
    height: int

    def crop(self, image: ndarray) -> ndarray:
        """The window of an image (H, W) or (H, W, C)."""
        return image[self.y : self.y + self.height, self.x : self.x + self.width]


def tiles_of(width: int, height: int, size: int, overlap: int) -> list[Tile]:
    """Windows that cover an image; the last of a row or column ends at the border.

    Args:
        width: of the image.
        height: of the image.
        size: side of a window; smaller images are one window of their own size.
        overlap: what neighbours share at least, less than ``size``.
    """
    if not 0 <= overlap < size:
        raise ValueError(f'overlap must be in [0, {size}), got {overlap}')
    return [
        Tile(x, y, min(size, width), min(size, height))
        for y in _starts(height, size, overlap)
        for x in _starts(width, size, overlap)
    ]


def _starts(length: int, size: int, overlap: int) -> list[int]:
    last = max(length - size, 0)
    return [*range(0, last, size - overlap), last]


class IsaidImage:
    """An image of the official layout with its two annotation images, if it has them.

    Args:
        path: ``<name>.png``; ``<name>_instance_id_RGB.png`` and
            ``<name>_instance_color_RGB.png`` lie beside it or in ``annotation_dir``.
        annotation_dir: folder of the annotation images; None for a split without, such
            as ``test``.

    Raises:
        ValueError: an image is missing, cannot be read or has another size.
    """

    def __init__(self, path: Path, annotation_dir: Path | None) -> None:
        self.name = path.stem
        self.pixels = _read(path)
        if annotation_dir is None:
            self._ids = self._colours = np.zeros(self.pixels.shape[:2], np.int32)
            return
        ids = _read(annotation_dir / f'{path.stem}_instance_id_RGB.png')
        colours = _read(annotation_dir / f'{path.stem}_instance_color_RGB.png')
        for other, kind in ((ids, 'id'), (colours, 'color')):
            if other.shape != self.pixels.shape:
                raise ValueError(
                    f'{path}: {self.pixels.shape[:2]} pixels, but its instance {kind} '
                    f'image has {other.shape[:2]}'
                )
        self._ids = _as_numbers(ids)
        self._colours = _as_numbers(colours)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.pixels.shape[1], self.pixels.shape[0]

    def instances(self, tile: Tile, min_area: int) -> Iterator[dict[str, Any]]:
        """COCO annotations of what a tile sees, without ``id`` and ``image_id``.

        Raises:
            ValueError: an instance has a colour that belongs to no class.
        """
        ids = tile.crop(self._ids)
        colours = tile.crop(self._colours)
        for number in np.unique(ids[ids > 0]):
            mask = ids == number
            area = int(mask.sum())
            if area < min_area:
                continue
            yield dict(
                category_id=self._category(colours[mask]),
                segmentation=encode_mask(mask),
                area=area,
                bbox=_bbox(mask),
                iscrowd=0,
            )

    def _category(self, colours: ndarray) -> int:
        values, counts = np.unique(colours, return_counts=True)
        colour = int(values[counts.argmax()])
        rgb = (colour >> 16, colour >> 8 & 255, colour & 255)
        if rgb not in IDS_BY_COLOUR:
            raise ValueError(
                f'{self.name}_instance_color_RGB.png: colour {rgb} belongs to no class'
            )
        return IDS_BY_COLOUR[rgb]


def encode_mask(mask: ndarray) -> dict[str, Any]:
    """A mask (H, W) as COCO run lengths that json can hold."""
    encoded = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    return dict(size=encoded['size'], counts=encoded['counts'].decode())


def _read(path: Path) -> ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise ValueError(f'{path} does not exist or is not an image')
    return image


def _as_numbers(image: ndarray) -> ndarray:
    """Colours of an image in OpenCV's order (H, W, 3) as 0xRRGGBB (H, W)."""
    blue, green, red = np.moveaxis(image.astype(np.int32), -1, 0)
    return (red << 16) + (green << 8) + blue


def _bbox(mask: ndarray) -> list[int]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    x, y = int(columns[0]), int(rows[0])
    return [x, y, int(columns[-1]) + 1 - x, int(rows[-1]) + 1 - y]
