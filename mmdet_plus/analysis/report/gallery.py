"""Crops of images with objects and detections drawn on them."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from .detections import Detections
from .ground_truth import GroundTruth
from .parts import Picture

CROP_SIZE = 220  # pixels of the longer side
TRUE_COLOR, FOUND_COLOR = (60, 170, 0), (0, 60, 230)  # BGR


class Example(NamedTuple):
    """What to show in a crop."""

    image: int
    objects: tuple[int, ...]
    """Indices of the objects to draw."""
    detections: tuple[int, ...]
    """Indices of the detections to draw."""
    caption: str


def draw_examples(
    name: str,
    examples: Sequence[Example],
    truth: GroundTruth,
    found: Detections,
    image_dir: Path,
) -> list[Picture]:
    """A crop for each example whose image can be read."""
    crops = []
    for index, example in enumerate(examples):
        image = cv2.imread(str(image_dir / truth.files[example.image]))
        if image is not None:
            content = draw_example(image, example, truth, found)
            crop_name = f'{name}_{index:02d}'
            crops.append(Picture(crop_name, example.caption, content, 'jpg'))
    return crops


def draw_example(
    image: np.ndarray, example: Example, truth: GroundTruth, found: Detections
) -> bytes:
    """JPEG of the part of an image (h, w, 3) uint8 BGR around an example.

    Objects are green, detections red and dashed.
    """
    objects, detections = list(example.objects), list(example.detections)
    bboxes = np.concatenate([truth.bboxes[objects], found.bboxes[detections]])
    x1, y1, x2, y2 = _window(bboxes, image.shape[:2])
    scale = CROP_SIZE / max(x2 - x1, y2 - y1)
    size = max(1, round((x2 - x1) * scale)), max(1, round((y2 - y1) * scale))
    crop = cv2.resize(image[y1:y2, x1:x2], size, interpolation=cv2.INTER_LINEAR)
    for bbox in truth.bboxes[objects]:
        low, high = _corners(bbox, (x1, y1), scale)
        cv2.rectangle(crop, low, high, TRUE_COLOR, 2)
    for bbox in found.bboxes[detections]:
        _dashed(crop, *_corners(bbox, (x1, y1), scale))
    _, content = cv2.imencode('.jpg', crop, [cv2.IMWRITE_JPEG_QUALITY, 85])
    return content.tobytes()


def _window(bboxes: np.ndarray, shape: tuple[int, ...]) -> tuple[int, int, int, int]:
    """Pixels x1, y1, x2, y2 of the boxes (n, 4) xywh with room around them."""
    low = bboxes[:, :2].min(axis=0)
    high = (bboxes[:, :2] + bboxes[:, 2:]).max(axis=0)
    room = max(0.4 * (high - low).max(), 12)
    limits = np.array(shape[1::-1])
    x1, y1 = np.clip(np.floor(low - room), 0, limits - 1).astype(int).tolist()
    x2, y2 = np.clip(np.ceil(high + room), 1, limits).astype(int).tolist()
    return x1, y1, max(x2, x1 + 1), max(y2, y1 + 1)


def _corners(
    bbox: np.ndarray, origin: tuple[int, int], scale: float
) -> tuple[tuple[int, int], tuple[int, int]]:
    low = (bbox[:2] - origin) * scale
    high = low + bbox[2:] * scale
    x1, y1, x2, y2 = np.round([*low, *high]).astype(int).tolist()
    return (x1, y1), (x2, y2)


def _dashed(
    crop: np.ndarray, low: tuple[int, int], high: tuple[int, int], dash: int = 7
) -> None:
    (x1, y1), (x2, y2) = low, high
    for y in (y1, y2):
        for x in range(x1, x2, 2 * dash):
            cv2.line(crop, (x, y), (min(x + dash, x2), y), FOUND_COLOR, 2)
    for x in (x1, x2):
        for y in range(y1, y2, 2 * dash):
            cv2.line(crop, (x, y), (x, min(y + dash, y2)), FOUND_COLOR, 2)
