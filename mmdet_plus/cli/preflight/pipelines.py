"""Finds numbers in a pipeline that no image can be processed with."""

import math
from collections.abc import Iterator
from typing import Any

from ...errors import UserError
from .config_keys import typed_parts

# Of every number that a setting holds, at any depth.
SIDES = ('crop_size', 'img_scale', 'scale', 'scale_factor', 'scales')
SHARES = ('flip_ratio', 'prob')


def check_pipeline(steps: Any, key: str) -> None:
    """Raise ``UserError`` for a size that is not above 0, or a share outside 0..1.

    OpenCV would blame the image, after the run has begun.

    Args:
        steps: of the pipeline.
        key: where it stands in the config.
    """
    for where, step in typed_parts(steps, key):
        for name in SIDES:
            if any(not value > 0 for value in numbers_of(step.get(name))):
                raise UserError(f'{where}.{name} must be above 0, got {step[name]!r}')
        for name in SHARES:
            if any(not 0 <= value <= 1 for value in numbers_of(step.get(name))):
                raise UserError(f'{where}.{name} must be in 0..1, got {step[name]!r}')


def numbers_of(value: Any) -> Iterator[float]:
    """The numbers of a setting; NaN for one that is a text."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, str):
        yield math.nan
