"""The versions of the data set "shapes": how much, and what tells classes apart."""

from collections.abc import Callable
from typing import NamedTuple

from .textures import gradient, noise, stripes


class Style(NamedTuple):
    """What objects of a class look like beside their outline.

    Attributes:
        hues: first and last hue of their colour in degrees, in [0, 360].
        pattern: of their surface, a function of ``textures``.
    """

    hues: tuple[float, float]
    pattern: Callable


class Recipe(NamedTuple):
    """A version of the data set.

    Attributes:
        num_train: training images unless another number is asked for.
        num_val: validation images, likewise.
        image_size: height and width in pixels, likewise.
        max_objects: most objects of an image.
        diameters: smallest and largest diameter of the circle around an object in
            pixels; the largest holds for images of ``reference_size`` and above and
            shrinks with smaller ones.
        reference_size: see there.
        styles: of each class by name; None draws colour and pattern of all classes
            alike, so that the outline alone tells them apart.
    """

    num_train: int
    num_val: int
    image_size: int
    max_objects: int
    diameters: tuple[float, float]
    reference_size: int
    styles: dict[str, Style] | None = None


ROUND = Style((0, 60), noise)
STAR = Style((220, 280), stripes)
# Version 2 has enough objects of each class and size to rest an AP on. Classes that are
# meant to be confused (circle and octagon, five- and six-pointed star) share a style;
# the others differ in it, as things of the world do.
RECIPES = {
    1: Recipe(400, 100, 256, 8, (12.0, 200.0), 256),
    2: Recipe(
        2000,
        500,
        320,
        12,
        (14.0, 240.0),
        320,
        dict(
            triangle=Style((75, 115), gradient),
            square=Style((125, 165), stripes),
            circle=ROUND,
            octagon=ROUND,
            pentagram=STAR,
            hexagram=STAR,
            ring=Style((170, 210), noise),
        ),
    ),
}
