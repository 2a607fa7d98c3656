"""What says which classes and folders data in YOLO's format have: ``data.yaml``."""

import os.path as osp
from pathlib import Path
from typing import Any

import yaml

from mmdet_plus.errors import UserError

from .coco import SPLIT_NAMES
from .content import IMAGE_SUFFIXES, read_text

YAML_SUFFIXES = ('.yaml', '.yml')
YAML_FILES = ('data.yaml', 'data.yml', 'dataset.yaml', 'dataset.yml')
# Names of classes, a line each; some tools write them beside the labels.
TEXT_FILES = ('classes.txt', 'obj.names', 'labels.txt', 'labels/classes.txt')
NOTHING = ('', '~', 'null', 'Null', 'NULL')


def read_description(path: Path) -> dict[str, Any]:
    """The content of ``data.yaml``, or names of classes from a text file.

    All values are the texts that were written: a class may be called ``no``.

    Raises:
        UserError: if it cannot be read or is no table of names and values.
    """
    if path.is_dir():
        raise UserError(
            f'{path} is a folder; it must be a file with names, train and val'
        )
    text = read_text(path)
    if path.suffix not in YAML_SUFFIXES:
        return dict(names=_listed_names(path, text))
    try:
        content = yaml.load(text, Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, 'problem_mark', None)
        line = f', line {mark.line + 1}' if mark else ''
        problem = getattr(error, 'problem', None) or error
        raise UserError(f'{path}{line} is not valid YAML: {problem}') from error
    if not isinstance(content, dict):
        raise UserError(f'{path} must be a table with names, train and val')
    return content


def _listed_names(path: Path, text: str) -> list[str]:
    names = [line.strip() for line in text.rstrip().splitlines()]
    if '' in names:
        raise UserError(
            f'{path}, line {names.index("") + 1} is blank: labels count the lines from '
            '0, so write the name of the class, or remove the line if there is none'
        )
    return names


def class_names(description: dict[str, Any], path: str | Path) -> list[str]:
    """The names of the classes, by number.

    Raises:
        UserError: if there are none, numbers are left out, or ``nc`` differs.
    """
    names = description.get('names')
    if isinstance(names, dict):
        numbered = {_number(key): name for key, name in names.items()}
        if set(numbered) != set(range(len(names))):
            raise UserError(
                f'{path}: names must be numbered 0 to {len(names) - 1}, got '
                f'{", ".join(map(str, names))}'
            )
        names = [numbered[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f'{path} has no names: list the classes, "names: [cat, dog]"')
    for index, name in enumerate(names):
        if not isinstance(name, str) or not name.strip():
            raise UserError(f'{path}: names[{index}] is {_kind(name)}, not a text')
    count = description.get('nc', str(len(names)))
    if _number(count) != len(names):
        raise UserError(f'{path}: nc is {count}, but there are {len(names)} names')
    return names


def _kind(value: Any) -> str:
    # Not the value: aliases of YAML make short files into endless texts.
    return f'a {type(value).__name__}' if value else 'empty'


def _number(text: Any) -> int | None:
    return int(text) if isinstance(text, str) and text.strip().isdecimal() else None


def data_root_of(path: Path) -> Path:
    """The folder that a description is of."""
    is_below = path.parent.name == 'labels' and path.suffix not in YAML_SUFFIXES
    return path.parent.parent if is_below else path.parent


def split_places(
    description: dict[str, Any],
    root: Path,
    split: str,
    remarks: list[str] | None = None,
) -> list[Path]:
    """Folders of images, or lists of them, that make a split.

    What ``data.yaml`` says comes first; where that is not on disk, or it says nothing,
    ``images/<split>`` and ``<split>/images`` are looked for.

    Args:
        description: content of ``data.yaml``.
        root: its folder.
        split: ``'train'``, ``'val'`` or ``'test'``; ``'all'`` for images that are in
            ``images`` or beside ``data.yaml``.
        remarks: to which a test split is added that is stated, but not there.

    Raises:
        UserError: if the part of a training is not there.
    """
    if split == 'all':
        return _flat_places(root)
    names = SPLIT_NAMES[split]
    entries = _stated(description, names)
    found = _existing(description, root, entries)
    missing = [entry for entry in entries if entry not in found]
    if missing and split != 'test':
        raise UserError(
            f'{root}: data.yaml says {split}: {", ".join(missing)}, which is not '
            'there; write the folder relative to data.yaml, or take the entry out'
        )
    places = [found[entry] for entry in entries if entry in found]
    usual = [root / 'images' / n for n in names] + [root / n / 'images' for n in names]
    usual += [root / n for n in names if any((root / n).glob('*.txt'))]
    places = places or [place for place in usual if place.is_dir()][:1]
    if missing and not places and remarks is not None:
        remarks.append(
            f'data.yaml says {split}: {", ".join(missing)}, which is not there'
        )
    lists = [root / f'{name}.txt' for name in names]
    return places or [path for path in lists if path.is_file()][:1]


def _stated(description: dict[str, Any], names: tuple[str, ...]) -> list[str]:
    values = (description.get(name) for name in names)
    stated: Any = next((v for v in values if v and v not in NOTHING), [])
    entries = stated if isinstance(stated, list) else [stated]
    for entry in entries:
        if not isinstance(entry, str):
            raise UserError(
                f'data.yaml: {names[0]} must be a folder or a list of folders, got '
                f'a {type(entry).__name__}'
            )
    return entries


def _existing(
    description: dict[str, Any], root: Path, entries: list[str]
) -> dict[str, Path]:
    """Where entries are on disk, for those that are."""
    stated = description.get('path')
    base = root / str(stated) if stated and stated not in NOTHING else root
    found = {entry: _place(entry, [base, root], root) for entry in entries}
    return {entry: place for entry, place in found.items() if place is not None}


def _place(entry: str, roots: list[Path], root: Path) -> Path | None:
    plain = entry
    while plain.startswith('../'):  # exported for another place
        plain = plain[3:]
    tries = [own / entry for own in roots] + [root / plain]
    return next((path for path in tries if osp.exists(path)), None)


def _flat_places(root: Path) -> list[Path]:
    images = root / 'images'
    if images.is_dir() and any((root / 'labels').glob('*.txt')):
        return [images]
    return [folder for folder in (images, root) if _has_texts_beside(folder)][:1]


def _has_texts_beside(folder: Path) -> bool:
    return any(
        path.with_suffix('.txt').is_file()
        for path in (folder.iterdir() if folder.is_dir() else ())
        if path.suffix.lower() in IMAGE_SUFFIXES
    )


def _is_description(path: Path) -> bool:
    if path.name in YAML_FILES:  # also a folder or a link to nowhere, which is told
        return osp.lexists(path)
    return path.is_file() and 'names' in read_description(path)


def description_files(root: Path) -> list[str]:
    """Names of files of a folder that may describe it, relative to it."""
    paths = sorted(path for suffix in YAML_SUFFIXES for path in root.glob(f'*{suffix}'))
    described = [
        name
        for name in dict.fromkeys([*YAML_FILES, *(path.name for path in paths)])
        if _is_description(root / name)
    ]
    return described or [name for name in TEXT_FILES if (root / name).is_file()]
