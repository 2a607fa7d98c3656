"""Detections drawn with Pillow, in the colours of the classes."""

from typing import Protocol

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from .detections import Detections

MASK_OPACITY = 0.8  # as MMDetection's visualizer
TEXT_COLOUR = (200, 200, 200)


class Classes(Protocol):
    """What is known of the classes of a model, such as ``ModelInfo``."""

    @property
    def class_names(self) -> list[str]:
        """Names of the labels."""

    @property
    def palette(self) -> list[list[int]]:
        """RGB of each class."""


def draw_detections(
    image: np.ndarray, found: Detections, info: Classes, score_thr: float = 0.3
) -> Image.Image:
    """An image with its boxes, masks, class names and scores in percent.

    Args:
        image: (H, W, 3) uint8 RGB.
        found: its detections.
        info: names and colours of the classes.
        score_thr: what is drawn scores more than this.
    """
    shown = np.flatnonzero(found.scores > score_thr)
    colours = [tuple(info.palette[label]) for label in found.labels]
    pixels = image.copy()
    if found.masks is not None:
        for row in shown:
            own = pixels[found.masks[row]] * (1 - MASK_OPACITY)
            tint = np.array(colours[row]) * MASK_OPACITY
            pixels[found.masks[row]] = (own + tint).astype(np.uint8)
    picture = Image.fromarray(pixels)
    pen = ImageDraw.Draw(picture)
    width = max(round(min(image.shape[:2]) / 300), 1)
    for row in shown:
        box = [float(side) for side in found.boxes[row]]
        pen.rectangle(box, outline=colours[row], width=width)
        name = info.class_names[found.labels[row]]
        text = f'{name}: {100 * found.scores[row]:.1f}'
        _write(pen, (box[0], box[1]), text, _font_size(box))
    return picture


def _write(
    pen: ImageDraw.ImageDraw, place: tuple[float, float], text: str, size: float
) -> None:
    font = ImageFont.load_default(size)
    pen.rectangle(pen.textbbox(place, text, font=font), fill=(0, 0, 0))
    pen.text(place, text, fill=TEXT_COLOUR, font=font)


def _font_size(box: list[float]) -> float:
    """Larger for larger boxes, within what can be read."""
    area = (box[2] - box[0]) * (box[3] - box[1])
    return float(np.clip(8 + area / 3000, 8, 16))
