"""Says how to repair a config whose classes are not those of its data."""

from collections.abc import Sequence

from ...errors import UserError


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
