"""Finds labels of poses that were read as polygons, as YOLO's format writes both."""

import numpy as np

from ..folders.content import Content
from ..folders.yolo_poses import VISIBILITIES
from .corners import corners_go_together
from .findings import Finding, place_of

LEAST_LINES = 20  # that a correlation says something of
LEAST_INSIDE = 0.9  # of the points of poses, in their boxes made larger by SLACK
SLACK = 1.1


def check_poses(content: Content) -> list[Finding]:
    """Find out whether polygons, all with as many corners, are boxes with points.

    Args:
        content: of data in YOLO's format.
    """
    numbers = _numbers(content)
    if numbers is None:
        return []
    points = numbers[:, 4:]
    places = [place_of(item) for item in content['annotations']]
    if points.shape[1] % 3 == 0 and np.isin(points[:, 2::3], VISIBILITIES).all():
        shape = f'[{points.shape[1] // 3}, 3]'
        message = (
            f'{len(numbers)} labels are poses, not polygons: write '
            f'"kpt_shape: {shape}" into data.yaml'
        )
        return [Finding(True, message, places)]
    is_told = len(numbers) >= LEAST_LINES and not corners_go_together(numbers)
    if not is_told or _share_inside(numbers) < LEAST_INSIDE:
        return []
    message = (
        f'{len(numbers)} labels are read as polygons of {numbers.shape[1] // 2} '
        'corners, but may be poses: if so, write '
        f'"kpt_shape: [{points.shape[1] // 2}, 2]" into data.yaml'
    )
    return [Finding(False, message, places)]


def _numbers(content: Content) -> np.ndarray | None:
    """What the lines say behind the class; None if not all have as many numbers."""
    images = {image['id']: image for image in content['images']}
    lines = []
    for item in content['annotations']:
        (polygon,) = item.get('segmentation') or [[]]
        image = images[item['image_id']]
        sides = np.resize([image['width'], image['height']], len(polygon))
        lines.append((np.array(polygon) / sides).round(4))
    lengths = {len(line) for line in lines}
    return np.stack(lines) if len(lengths) == 1 and lengths != {0} else None


def _share_inside(numbers: np.ndarray) -> float:
    """Of points, the share in the boxes before them or at 0, 0, as absent ones are."""
    centres, sizes = numbers[:, None, :2], numbers[:, None, 2:4]
    points = numbers[:, 4:].reshape(len(numbers), -1, 2)
    is_inside = (np.abs(points - centres) <= SLACK * sizes / 2).all(axis=2)
    return float((is_inside | (points == 0).all(axis=2)).mean())
