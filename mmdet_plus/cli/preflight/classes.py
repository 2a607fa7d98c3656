"""Compares the model's and the config's classes with the data's."""

from collections.abc import Iterator, Sequence

from ...errors import UserError

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


def no_class_error(
    reason: str,
    key: str,
    classes: Sequence[str],
    found: tuple[str, Sequence[str]],
    num_classes_keys: Sequence[str],
) -> UserError:
    """The error for a dataset none of whose classes is in its files.

    Args:
        reason: what was looked for where.
        key: where the dataset stands in the config.
        classes: the dataset's class names.
        found: what the names of the files are called there, and the names.
        num_classes_keys: where the model's numbers of classes stand in the config.
    """
    title, names = found
    return UserError(
        f'{reason}.\n'
        f'  classes of the config: {", ".join(classes)}\n'
        f'  {title}: {", ".join(names)}\n'
        f'{_class_advice(key, names, num_classes_keys)}'
    )


def _class_advice(
    key: str, names: Sequence[str], num_classes_keys: Sequence[str]
) -> str:
    _, _, rest = key.partition('.')
    others = [f'{name}_dataloader.{rest}' for name in ('train', 'val', 'test')]
    keys = others if '.dataset' not in rest else [key]
    counts = [f'{count}={len(names)}' for count in num_classes_keys]
    written = f'({",".join(names)}{"," if len(names) == 1 else ""})'
    lines = [
        '  to repair it, write into the config, for every dataset:\n'
        f'    metainfo=dict(classes={tuple(names)!r})'
    ]
    if counts:
        lines.append(f'  and for the model: {", ".join(counts)}')
    if not any(' ' in name or ',' in name for name in names):
        options = [f'"{each}.metainfo.classes={written}"' for each in keys]
        lines.append(
            '  or add to the command:\n'
            f'    --cfg-options {" ".join([*options, *counts])}'
        )
    return '\n'.join(lines)
