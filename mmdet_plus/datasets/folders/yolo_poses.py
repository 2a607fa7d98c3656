"""Lines of poses in YOLO's format: a box, and points of which boxes need nothing."""

from collections.abc import Sequence
from typing import Any

from mmdet_plus.errors import UserError

VISIBILITIES = (0, 1, 2)


def numbers_of_points(description: dict[str, Any], path: str) -> int:
    """How many numbers stand behind the box in each line; 0 where there are no points.

    Args:
        description: content of ``data.yaml``, of which ``kpt_shape`` is the number of
            points and 2 or 3, the numbers of each.
        path: of the file.

    Raises:
        UserError: if ``kpt_shape`` is something else.
    """
    if 'kpt_shape' not in description:
        return 0
    shape = description['kpt_shape']
    texts = shape if isinstance(shape, list) else []
    if len(texts) != 2 or not all(str(t).isdecimal() for t in texts):
        texts = ['0', '0']
    count, size = map(int, texts)
    if not count or size not in (2, 3):
        raise UserError(
            f'{path}: kpt_shape must be the number of points and 2 or 3, "[17, 3]"'
        )
    return count * size


def without_points(numbers: list[float], num_points: int, source: str) -> list[float]:
    """The four numbers of the box of a line.

    Args:
        numbers: all but the class.
        num_points: how many are of points.
        source: where the line stands.
    """
    if len(numbers) not in (4, 4 + num_points):
        raise UserError(
            f'{source} has {len(numbers) + 1} numbers; by kpt_shape of data.yaml they '
            f'are "class cx cy w h" and {num_points} of points'
        )
    return numbers[:4]


def hint_of_pose(numbers: Sequence[float]) -> str:
    """A remedy for a line that has points with visibilities behind a box, or ''."""
    points = numbers[4:]
    if not points or len(points) % 3 or not {*points[2::3]} <= {*VISIBILITIES}:
        return ''
    shape = f'[{len(points) // 3}, 3]'
    return f'; or are they poses? Then write "kpt_shape: {shape}" into data.yaml'
