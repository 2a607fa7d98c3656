"""Finds numbers in a pipeline that no image can be processed with."""

import math
from collections.abc import Iterator
from typing import Any

from mmdet.registry import TRANSFORMS

from ...errors import UserError
from .dataset_configs import registered_class

# Of every number that a setting holds, at any depth.
SIDES = ('crop_size', 'img_scale', 'scale', 'scale_factor', 'scales')
SHARES = ('flip_ratio', 'prob')
# Whose steps mean these settings so; others may mean anything.
PACKAGES = ('mmcv.', 'mmdet.')
OTHER_STEPS = ('Albu',)  # has steps of another library inside


def check_pipeline(steps: Any, key: str) -> None:
    """Raise ``UserError`` for a size that is not above 0, or a share outside 0..1.

    OpenCV would blame the image, after the run has begun. Steps of other packages
    than MMCV and MMDetection are not judged, nor what they hold.

    Args:
        steps: of the pipeline.
        key: where it stands in the config.
    """
    for where, step in _known_steps(steps, key):
        for name in SIDES:
            if any(not value > 0 for value in numbers_of(step.get(name))):
                raise UserError(f'{where}.{name} must be above 0, got {step[name]!r}')
        for name in SHARES:
            if any(not 0 <= value <= 1 for value in numbers_of(step.get(name))):
                raise UserError(f'{where}.{name} must be in 0..1, got {step[name]!r}')


def _known_steps(node: Any, where: str) -> Iterator[tuple[str, dict[str, Any]]]:
    if isinstance(node, list | tuple):
        for index, value in enumerate(node):
            yield from _known_steps(value, f'{where}.{index}')
    elif isinstance(node, dict) and _is_known(node.get('type')):
        yield where, node
        for name, value in node.items():
            yield from _known_steps(value, f'{where}.{name}')


def _is_known(name: Any) -> bool:
    kind: Any = registered_class(TRANSFORMS, name)
    module = str(getattr(kind, '__module__', ''))
    return module.startswith(PACKAGES) and kind.__name__ not in OTHER_STEPS


def numbers_of(value: Any) -> Iterator[float]:
    """The numbers of a setting; NaN for one that is a text."""
    if isinstance(value, list | tuple):
        for item in value:
            yield from numbers_of(item)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value
    elif isinstance(value, str):
        yield math.nan
