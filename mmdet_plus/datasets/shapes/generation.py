"""Draws the images of the synthetic data set "shapes"; pure functions of a seed.

An image is fixed by ``(seed, split, index, image_size, version)`` alone:
neither the number of images asked for nor any global random state has a say.
Byte-identical output holds for the same versions of NumPy and OpenCV.

Coordinates are pixels of the image, x to the right and y down; the pixel in column c
covers [c, c + 1). Colours are BGR, as OpenCV has them.
"""

from typing import NamedTuple

import cv2
import numpy as np
from numpy import ndarray
from numpy.random import Generator

from .recipes import RECIPES, Recipe, Style
from .textures import contrasting_color, two_tone

CLASSES = (
    'triangle',
    'square',
    'circle',
    'octagon',
    'pentagram',
    'hexagram',
    'ring',
)
SPLITS = ('train', 'val')
EMPTY_FRACTION = 0.05
MIN_VISIBLE_FRACTION = 0.4
MIN_VISIBLE_PIXELS = 16
# Distance of an object's colour from what lies around it, in CIE Lab.
CONTRASTS = (30.0, 70.0)
PLACEMENT_TRIES = 20
SUPERSAMPLING = 4


class ShapeInstance(NamedTuple):
    """An object as it is seen.

    Attributes:
        label: index into ``CLASSES``.
        mask: (h, w) bool, the visible part; the masks of an image are disjoint.
        full_area: pixels of the whole shape, hidden and cut off parts included.
    """

    label: int
    mask: ndarray
    full_area: int

    @property
    def bbox(self) -> tuple[int, int, int, int]:
        """Tight box of the visible part, xyxy, x2 = last column + 1."""
        x, y, width, height = cv2.boundingRect(self.mask.astype(np.uint8))
        return x, y, x + width, y + height


class ShapeScene(NamedTuple):
    """An image (h, w, 3) uint8 BGR and its objects, the hindmost first."""

    image: ndarray
    instances: list[ShapeInstance]


class _Sprite(NamedTuple):
    """A shape somewhere on the canvas, not painted yet.

    Attributes:
        label: index into ``CLASSES``.
        coverage: (h, w) float32 in [0, 1], the covered part of every pixel.
        full_area: pixels of the shape, those beyond the border included.
    """

    label: int
    coverage: ndarray
    full_area: int

    @property
    def mask(self) -> ndarray:
        return self.coverage >= 0.5


def draw_scene(
    seed: int, split: str, index: int, image_size: int, version: int = 1
) -> ShapeScene:
    """Draw image ``index`` of a split.

    Args:
        seed: not negative.
        split: one of ``SPLITS``.
        index: position in the split, from 0.
        image_size: height and width in pixels.
        version: one of ``RECIPES``.
    """
    recipe = RECIPES[version]
    rng = np.random.default_rng([seed, SPLITS.index(split), index])
    image = paint_background(rng, image_size)
    sprites = place_sprites(rng, image_size, recipe)
    for sprite in sprites:
        style = (recipe.styles or {}).get(CLASSES[sprite.label])
        image = paint_sprite(rng, image, sprite, style)
    grain = rng.standard_normal((image_size, image_size, 1), np.float32)
    pixels = np.clip(np.rint(image + grain * rng.uniform(1, 5)), 0, 255).astype(
        np.uint8
    )
    masks = visible_masks([sprite.mask for sprite in sprites])
    return ShapeScene(
        pixels,
        [
            ShapeInstance(sprite.label, mask, sprite.full_area)
            for sprite, mask in zip(sprites, masks, strict=True)
        ],
    )


# ---------------------------------------------------------------- geometry


def unit_contours(shape: str, hole: float = 0.5) -> list[ndarray]:
    """Outline of a shape inscribed in the unit circle, centred at the origin.

    Args:
        shape: one of ``CLASSES``.
        hole: radius of the inner circle of a ring.

    Returns:
        Closed contours (n, 2), to be filled by the even-odd rule.
    """
    circle = _star(36, np.cos(np.pi / 72))
    if shape == 'ring':
        return [circle, circle * hole]
    outlines = dict(
        triangle=_star(3, 0.5),
        square=_star(4, np.sqrt(0.5)),
        circle=circle,
        octagon=_star(8, np.cos(np.pi / 8)),
        # Inner radii of the stars {5/2} and {6/2}.
        pentagram=_star(5, np.cos(2 * np.pi / 5) / np.cos(np.pi / 5)),
        hexagram=_star(6, np.sqrt(1 / 3)),
    )
    return [outlines[shape]]


def _star(num_tips: int, inner: float) -> ndarray:
    """Tips on the unit circle alternating with corners at radius ``inner``; (2n, 2).

    ``inner = cos(pi / num_tips)`` puts these on the edges of a regular polygon.
    """
    angles = np.arange(2 * num_tips) * np.pi / num_tips
    radii = np.where(np.arange(2 * num_tips) % 2 == 0, 1.0, inner)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


def rasterise(
    contours: list[ndarray], center: ndarray, image_size: int
) -> tuple[ndarray, int]:
    """Fill contours, even-odd, with the edges antialiased.

    Args:
        contours: (n, 2) each, pixels relative to ``center``.
        center: (2,) xy, inside the image.
        image_size: height and width of the canvas.

    Returns:
        Coverage (image_size, image_size) float32 in [0, 1], and the number of pixels
        that are covered at least by half, those beyond the border included.
    """
    radius = max(np.abs(contour).max() for contour in contours)
    origin = np.floor(center - radius).astype(int) - 1
    extent = int(np.ceil(2 * radius)) + 4
    fine = np.zeros((extent * SUPERSAMPLING,) * 2, np.uint8)
    corners = [
        np.rint((contour + center - origin) * SUPERSAMPLING - 0.5).astype(np.int32)
        for contour in contours
    ]
    cv2.fillPoly(fine, corners, 255)
    patch = cv2.resize(fine, (extent, extent), interpolation=cv2.INTER_AREA)
    patch = patch.astype(np.float32) / 255
    full_area = int((patch >= 0.5).sum())

    canvas = np.zeros((image_size, image_size), np.float32)
    x1, y1 = np.maximum(origin, 0)
    x2, y2 = np.minimum(origin + extent, image_size)
    left, top = origin
    canvas[y1:y2, x1:x2] = patch[y1 - top : y2 - top, x1 - left : x2 - left]
    return canvas, full_area


# --------------------------------------------------------------- placement


def visible_masks(masks: list[ndarray]) -> list[ndarray]:
    """What is left of each mask (h, w) when later ones cover earlier ones."""
    visible: list[ndarray] = []
    for mask in masks:
        visible = [earlier & ~mask for earlier in visible]
        visible.append(mask)
    return visible


def place_sprites(rng: Generator, image_size: int, recipe: Recipe) -> list[_Sprite]:
    """Choose the objects of an image, the hindmost first; sometimes none.

    A place where a shape would be barely visible, or would bury an earlier one, is
    given up for another: nothing is drawn that is not annotated.
    """
    if rng.random() < EMPTY_FRACTION:
        return []
    sprites: list[_Sprite] = []
    count = rng.integers(1, recipe.max_objects + 1)
    for label in rng.integers(len(CLASSES), size=count):
        for _ in range(PLACEMENT_TRIES):
            candidate = [*sprites, _random_sprite(rng, int(label), image_size, recipe)]
            if _all_recognisable(candidate):
                sprites = candidate
                break
    return sprites


def _random_sprite(
    rng: Generator, label: int, image_size: int, recipe: Recipe
) -> _Sprite:
    smallest, largest = recipe.diameters
    largest *= min(1.0, image_size / recipe.reference_size)
    radius = np.exp(rng.uniform(np.log(smallest), np.log(largest))) / 2
    angle = rng.uniform(0, 2 * np.pi)
    cos, sin = np.cos(angle), np.sin(angle)
    turn = radius * np.array([[cos, sin], [-sin, cos]])
    unit = unit_contours(CLASSES[label], hole=rng.uniform(0.45, 0.7))
    center = rng.uniform(0, image_size, size=2)
    contours = [contour @ turn for contour in unit]
    return _Sprite(label, *rasterise(contours, center, image_size))


def _all_recognisable(sprites: list[_Sprite]) -> bool:
    masks = visible_masks([sprite.mask for sprite in sprites])
    return all(
        mask.sum() >= max(MIN_VISIBLE_PIXELS, MIN_VISIBLE_FRACTION * sprite.full_area)
        for sprite, mask in zip(sprites, masks, strict=True)
    )


# ---------------------------------------------------------------- painting


def paint_background(rng: Generator, image_size: int) -> ndarray:
    """A textured canvas (image_size, image_size, 3), float32 in [0, 255]."""
    color = rng.uniform(20, 235, size=3)
    return two_tone(rng, color, rng.uniform(20, 55), image_size, image_size)


def paint_sprite(
    rng: Generator, image: ndarray, sprite: _Sprite, style: Style | None = None
) -> ndarray:
    """A copy of the image (h, w, 3), float32 in [0, 255], with the shape on it."""
    x, y, width, height = cv2.boundingRect((sprite.coverage > 0).astype(np.uint8))
    window = np.s_[y : y + height, x : x + width]
    around = image[max(0, y - 4) : y + height + 4, max(0, x - 4) : x + width + 4]
    hues, pattern = style or (None, None)
    contrast = rng.uniform(*CONTRASTS)
    color = contrasting_color(rng, around.mean(axis=(0, 1)), contrast, hues)
    surface = two_tone(rng, color, rng.uniform(14, 32), height, width, pattern)
    alpha = sprite.coverage[window][..., None]
    painted = image.copy()
    painted[window] = image[window] * (1 - alpha) + surface * alpha
    return painted
