"""What the pictures of explanations share: an image around a box, and outlines."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes

ROOM = 0.3  # around a box, as a part of its longer side


def show_around(
    panel: Axes, image: np.ndarray, bbox: np.ndarray, room: float = ROOM
) -> None:
    """The image (h, w, 3) RGB around a box (4,) xyxy."""
    x1, y1, x2, y2 = bbox
    margin = room * max(x2 - x1, y2 - y1)
    panel.imshow(image)
    panel.set(
        xlim=(max(x1 - margin, 0), min(x2 + margin, image.shape[1])),
        ylim=(min(y2 + margin, image.shape[0]), max(y1 - margin, 0)),
    )
    panel.set_axis_off()


def outline(panel: Axes, bbox: np.ndarray, **style: Any) -> None:
    """The sides of a box (4,) xyxy, as ``Axes.plot`` draws lines."""
    x1, y1, x2, y2 = bbox
    panel.plot([x1, x2, x2, x1, x1], [y1, y1, y2, y2, y1], **style)


def extent_of(bbox: np.ndarray) -> tuple[float, float, float, float]:
    """Where ``Axes.imshow`` puts a map of a box (4,) xyxy."""
    x1, y1, x2, y2 = (float(side) for side in bbox)
    return x1, x2, y2, y1
