"""Compares the number of classes of the model's heads with the data's."""

from collections.abc import Iterator

from .error_reporting import UserError

# Parts whose ``num_classes``, if they have one, is not the dataset's.
CLASS_AGNOSTIC_PARTS = (
    'rpn_head',
    'arm_head',
    'semantic_head',
    'backbone',
    'data_preprocessor',
)


def iter_class_counts(model: dict, key: str = 'model') -> Iterator[tuple[str, int]]:
    """Yield where a model's config states a number of classes, and the number.

    Args:
        model: a config of a model or of a part of it.
        key: where it stands in the whole config.
    """
    count = model.get('num_classes')
    if isinstance(count, int):
        yield f'{key}.num_classes', count
    for name, part in _parts(model):
        if name not in CLASS_AGNOSTIC_PARTS:
            yield from iter_class_counts(part, f'{key}.{name}')


def check_class_counts(model: dict, num_classes: int, dataset_key: str) -> None:
    """Raise ``UserError`` if a head counts other classes than the dataset has.

    Args:
        model: the model's config.
        num_classes: how many classes the dataset has.
        dataset_key: where the dataset stands in the config.
    """
    wrong = [
        (key, count) for key, count in iter_class_counts(model) if count != num_classes
    ]
    if wrong:
        found = ', '.join(f'{key}={count}' for key, count in wrong)
        repair = ' '.join(f'{key}={num_classes}' for key, _ in wrong)
        raise UserError(
            f'{dataset_key} has {num_classes} classes, but the model has {found}; '
            f'repair: --cfg-options {repair}'
        )


def _parts(node: dict) -> Iterator[tuple[str, dict]]:
    for name, value in node.items():
        if isinstance(value, dict):
            yield name, value
        elif isinstance(value, list | tuple):
            for index, item in enumerate(value):
                if isinstance(item, dict):
                    yield f'{name}.{index}', item
