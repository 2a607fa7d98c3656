"""Reads annotation and result files in COCO's format."""

import json
import math
from pathlib import Path
from typing import Any

from ..errors import UserError

RESULT_KEYS = {'image_id', 'category_id', 'bbox', 'score'}


def read_json(path: Path, kind: type) -> Any:
    """Content of a JSON file, which must be a ``dict`` or a ``list``.

    Raises:
        UserError: it cannot be read, or is something else.
    """
    try:
        content = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise UserError(f'{path} does not exist') from error
    except IsADirectoryError as error:
        raise UserError(f'{path} is a folder') from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise UserError(
            f'{path} is no JSON file: tools/test.py --format-only writes one'
        ) from error
    if not isinstance(content, kind):
        what = 'detections' if kind is list else 'annotations'
        raise UserError(f'{path} has no {what} in COCO format')
    return content


def check_result(index: int, result: Any) -> None:
    """Raise ``ValueError`` unless a detection has all that COCO's format asks for.

    Args:
        index: its place in the file.
        result: the detection.
    """
    if not isinstance(result, dict):
        raise ValueError(f'detection {index} is {result!r}')
    missing = RESULT_KEYS - result.keys()
    if missing:
        raise ValueError(f'detection {index} has no {sorted(missing)[0]!r}')
    numbers = [*result['bbox'], result['score']]
    are_numbers = all(isinstance(x, int | float) and math.isfinite(x) for x in numbers)
    if len(numbers) != 5 or not are_numbers:
        raise ValueError(f'detection {index} needs four numbers and a score: {result}')
