"""What the parts of a model's config count and load."""

from collections.abc import Iterator, Mapping
from typing import Any

from mmdet.registry import MODELS

from ...errors import UserError
from .dataset_configs import registered_class

# MMDetection's names for parts whose ``num_classes``, if any, is not the dataset's. Our
# classes name theirs in ``class_agnostic_parts``.
CLASS_AGNOSTIC_PARTS = ('rpn_head', 'semantic_head', 'backbone', 'data_preprocessor')


def iter_class_counts(model: dict) -> Iterator[tuple[str, int]]:
    """Yield where a model's config states a number of classes, and the number."""
    for key, part in iter_parts(model):
        count = part.get('num_classes')
        if isinstance(count, int):
            yield f'{key}.num_classes', count


def check_class_counts(
    counts: Mapping[str, int], num_classes: int, dataset_key: str
) -> None:
    """Raise ``UserError`` if a head counts other classes than the dataset has.

    Args:
        counts: what ``iter_class_counts`` yields.
        num_classes: how many classes the dataset has.
        dataset_key: where the dataset stands in the config.
    """
    wrong = {key: count for key, count in counts.items() if count != num_classes}
    if wrong:
        found = ', '.join(f'{key}={count}' for key, count in wrong.items())
        repair = ' '.join(f'{key}={num_classes}' for key in wrong)
        raise UserError(
            f'{dataset_key} has {num_classes} classes, but the model has {found}; '
            f'repair: --cfg-options {repair}'
        )


def iter_needed_checkpoints(model: dict) -> Iterator[tuple[str, str, str]]:
    """Yield the checkpoints that parts of a model load themselves.

    A class names them in ``checkpoints_needed(config)``.

    Returns:
        Key in the whole config, path or URL, and what to do if the file is missing.
    """
    for key, part in iter_parts(model):
        kind = registered_class(MODELS, part.get('type'))
        for name, advice in getattr(kind, 'checkpoints_needed', _none)(part).items():
            yield f'{key}.{name}', part[name], advice.format(key=f'{key}.{name}')


def iter_parts(node: dict, key: str = 'model') -> Iterator[tuple[str, dict]]:
    """Yield a model's config and those of its parts that count the dataset's classes.

    Args:
        node: a config of a model or of a part of it.
        key: where it stands in the whole config.
    """
    yield key, node
    kind = registered_class(MODELS, node.get('type'))
    foreign = {*CLASS_AGNOSTIC_PARTS, *getattr(kind, 'class_agnostic_parts', ())}
    for name, value in node.items():
        if name not in foreign:
            for place, part in _configs(name, value):
                yield from iter_parts(part, f'{key}.{place}')


def _configs(name: str, value: Any) -> Iterator[tuple[str, dict]]:
    if isinstance(value, dict):
        yield name, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            if isinstance(item, dict):
                yield f'{name}.{index}', item


def _none(config: dict) -> dict[str, str]:
    return {}
