"""Says how to repair a config whose classes are not those of its data."""

import difflib
from collections.abc import Mapping, Sequence

from ...datasets.folders.content import plain_name
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


def unknown_classes_error(
    key: str, absent: Sequence[str], path: str, names: Sequence[str]
) -> UserError:
    """The error for classes that the data do not have.

    Args:
        key: where the dataset stands in the config.
        absent: these classes.
        path: of the data.
        names: what the data have.
    """
    alike = {plain_name(name): name for name in names}
    hints = []
    for name in absent:
        plain = plain_name(name)
        close = difflib.get_close_matches(plain, alike, n=1)
        hint = f', did you mean {alike[close[0]]!r}?' if close else ''
        hints.append(f'{name!r}{hint}')
    return UserError(
        f'{key}: {path} does not have these classes: {"; ".join(hints)} It has '
        f'{", ".join(names)}'
    )


def misspelt(classes: Sequence[str], names: Sequence[str]) -> list[str]:
    """Classes that the data have under a name of other case or other spaces only.

    Args:
        classes: wanted names.
        names: what the data have.
    """
    plain = {plain_name(name) for name in names if name not in classes}
    return [name for name in classes if name not in names and plain_name(name) in plain]


def check_class_names(key: str, config: dict, names: object) -> None:
    """Raise ``UserError`` unless a dataset's classes are names, each once.

    Args:
        key: where the dataset stands in the config.
        config: of the dataset.
        names: the classes that it will use, a text for a file that has them.
    """
    metainfo = config.get('metainfo') or {}
    if 'CLASSES' in metainfo:
        raise UserError(
            f'{key}.metainfo.CLASSES is not read: write it as classes, small'
        )
    if 'classes' in metainfo and not metainfo['classes']:
        raise UserError(
            f'{key}.metainfo.classes is {metainfo["classes"]!r}: write the names, or '
            'leave it out'
        )
    if isinstance(names, tuple):
        others = [name for name in names if not isinstance(name, str)]
        if others:
            raise UserError(
                f'{key}.metainfo.classes must be names, got {others[0]!r}: write it in '
                'quotation marks'
            )
        repeated = sorted({str(name) for name in names if names.count(name) > 1})
        if repeated:
            raise UserError(f'{key} names classes twice: {", ".join(repeated)}')


def check_same_classes(classes: Mapping[str, Sequence[str]]) -> None:
    """Raise ``UserError`` if labels of datasets would mean other classes.

    Args:
        classes: of datasets that number classes as their data do, by their keys.
    """
    if len({tuple(names) for names in classes.values()}) < 2:
        return
    shown = '\n  '.join(f'{key}: {", ".join(n)}' for key, n in classes.items())
    every = tuple(dict.fromkeys(name for names in classes.values() for name in names))
    raise UserError(
        f'datasets have other classes, so labels would be mixed up:\n  {shown}\n'
        f'  to repair it, write into each: metainfo=dict(classes={every!r})'
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
