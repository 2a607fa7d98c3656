"""Data in YOLO's format: a text file for each image, and ``data.yaml``."""

import os.path as osp
from pathlib import Path
from typing import Any

import yaml
from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from .base import FolderDataset
from .coco import SPLIT_NAMES
from .content import Content, area_of, bbox_of, image_size, list_images

# Six decimals of an image of up to 5000 px say a hundredth of a pixel.
DECIMALS = 2
MIN_POLYGON = 6  # numbers after the class


@DATASETS.register_module()
class YOLODataset(FolderDataset):
    """Data in YOLO's format: boxes ``class cx cy w h`` or polygons, in [0, 1].

    A line with at least three corners is a polygon; its box lies tight around it.
    Coordinates are rounded to hundredths of a pixel.

    Args:
        args: ``ann_file`` is ``data.yaml``, or a text file with the names of the
            classes, one a line, where there is none.
        split: ``'train'``, ``'val'`` or ``'test'``.
        kwargs: as ``FolderDataset`` takes them.
    """

    def __init__(self, *args: Any, split: str = 'train', **kwargs: Any) -> None:
        self.split = split
        super().__init__(*args, **kwargs)

    def content(self) -> Content:
        """See ``FolderDataset``."""
        description = read_description(Path(self.ann_file))
        root = Path(self.ann_file).parent
        places = split_places(description, root, self.split)
        files = [file for place in places for file in _images_at(place)]
        if not files:
            raise UserError(
                f'{self.ann_file}: the split {self.split!r} has no images in '
                f'{", ".join(map(str, places)) or root}'
            )
        content: Content = dict(images=[], annotations=[], categories=[])
        names = class_names(description, self.ann_file)
        content['categories'] = [dict(id=i, name=name) for i, name in enumerate(names)]
        for number, file in enumerate(files, 1):
            width, height = _size_or_nothing(str(file))
            shown = osp.relpath(file, self.data_prefix.get('img') or '.')
            content['images'].append(
                dict(
                    id=number,
                    file_name=shown,
                    width=width,
                    height=height,
                    source=str(label_file(file)),
                )
            )
            labels = read_labels(label_file(file), len(names), width, height)
            for item in labels if width else ():
                content['annotations'].append(dict(item, image_id=number))
        _check_any_labels(files)
        return content


def read_description(path: Path) -> dict[str, Any]:
    """The content of ``data.yaml``, or names of classes from a text file.

    Raises:
        UserError: if it cannot be read or is no table of names and values.
    """
    try:
        text = path.read_text(encoding='utf-8')
    except (OSError, ValueError) as error:
        raise UserError(f'{path} cannot be read: {error}') from error
    if path.suffix == '.txt':
        return dict(names=[line.strip() for line in text.splitlines() if line.strip()])
    try:
        content = yaml.safe_load(text)
    except yaml.YAMLError as error:
        mark = getattr(error, 'problem_mark', None)
        line = f', line {mark.line + 1}' if mark else ''
        problem = getattr(error, 'problem', None) or error
        raise UserError(f'{path}{line} is not valid YAML: {problem}') from error
    if not isinstance(content, dict):
        raise UserError(f'{path} must be a table with names, train and val')
    return content


def class_names(description: dict[str, Any], path: str | Path) -> list[str]:
    """The names of the classes, by number.

    Raises:
        UserError: if there are none, numbers are left out, or ``nc`` differs.
    """
    names = description.get('names')
    if isinstance(names, dict):
        if sorted(names) != list(range(len(names))):
            raise UserError(
                f'{path}: names must be numbered 0 to {len(names) - 1}, got '
                f'{", ".join(map(str, names))}'
            )
        names = [names[number] for number in range(len(names))]
    if not isinstance(names, list) or not names:
        raise UserError(f'{path} has no names: list the classes, "names: [cat, dog]"')
    count = description.get('nc', len(names))
    if count != len(names):
        raise UserError(f'{path}: nc is {count}, but there are {len(names)} names')
    return [str(name) for name in names]


def split_places(description: dict[str, Any], root: Path, split: str) -> list[Path]:
    """Folders of images, or lists of them, that make a split.

    What ``data.yaml`` says comes first; where that is not on disk, or it says nothing,
    ``images/<split>`` and ``<split>/images`` are looked for.

    Args:
        description: content of ``data.yaml``.
        root: its folder.
        split: ``'train'``, ``'val'`` or ``'test'``.
    """
    names = SPLIT_NAMES[split]
    stated = next((description[name] for name in names if description.get(name)), None)
    entries = stated if isinstance(stated, list) else [stated] if stated else []
    base = Path(str(description.get('path') or '.'))
    roots = [base] if base.is_absolute() else [root / base, root]
    if base.is_absolute() and not base.is_dir():
        roots = [root]
    found = [_place(str(entry), [*roots, root], root) for entry in entries]
    places = [place for place in found if place is not None]
    missing = [str(e) for e, place in zip(entries, found, strict=True) if place is None]
    if missing:
        raise UserError(
            f'{root}: data.yaml says {split}: {", ".join(missing)}, which is not '
            'there; write the folder relative to data.yaml, or take the entry out'
        )
    usual = [root / 'images' / n for n in names] + [root / n / 'images' for n in names]
    usual += [root / n for n in names if any((root / n).glob('*.txt'))]
    return places or [place for place in usual if place.is_dir()][:1]


def label_file(image: Path) -> Path:
    """The text file of an image: beside it, or under ``labels`` for ``images``."""
    parts = list(image.parts)
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == 'images':
            parts[index] = 'labels'
            return Path(*parts).with_suffix('.txt')
    return image.with_suffix('.txt')


def read_labels(
    path: Path, num_classes: int, width: int, height: int
) -> list[dict[str, Any]]:
    """The objects of an image; none if it has no file.

    Args:
        path: of the text file.
        num_classes: how many classes have names.
        width: of the image.
        height: of the image.

    Raises:
        UserError: for a line that is neither a box nor a polygon; says which.
    """
    if not path.is_file():
        return []
    try:
        lines = path.read_text(encoding='utf-8').splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f'{path} cannot be read: {error}') from error
    return [
        _read_line(line.split(), f'{path}, line {number}', num_classes, width, height)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _read_line(
    words: list[str], source: str, num_classes: int, width: int, height: int
) -> dict[str, Any]:
    try:
        label, *numbers = (float(word) for word in words)
    except ValueError:
        raise UserError(f'{source}: {" ".join(words)!r} are not all numbers') from None
    if label % 1 or not 0 <= label < num_classes:
        raise UserError(
            f'{source}: class {words[0]} is not one of 0 to {num_classes - 1}, which '
            'have names'
        )
    is_polygon = len(numbers) >= MIN_POLYGON and len(numbers) % 2 == 0
    if len(numbers) != 4 and not is_polygon:
        raise UserError(
            f'{source} has {len(words)} numbers; a box is "class cx cy w h", a polygon '
            '"class x y x y x y ..."'
        )
    item: dict[str, Any] = dict(category_id=int(label), iscrowd=0, source=source)
    if is_polygon:
        sizes = [width, height] * (len(numbers) // 2)
        polygon = [
            round(n * size, DECIMALS) for n, size in zip(numbers, sizes, strict=True)
        ]
        return item | dict(
            bbox=bbox_of(polygon), area=area_of(polygon), segmentation=[polygon]
        )
    x, y, w, h = numbers
    left, right = (x - w / 2) * width, (x + w / 2) * width
    top, bottom = (y - h / 2) * height, (y + h / 2) * height
    left, top, right, bottom = (round(v, DECIMALS) for v in (left, top, right, bottom))
    box = [left, top, right - left, bottom - top]
    return item | dict(bbox=box, area=box[2] * box[3])


def find(root: Path) -> dict[str, dict]:
    """The splits of a folder in YOLO's format, each as a dataset's arguments.

    Args:
        root: with ``data.yaml``, or with ``classes.txt`` and the usual folders.
    """
    for name in _description_files(root):
        description = read_description(root / name)
        splits = {
            split: dict(
                type='YOLODataset', ann_file=name, split=split, data_prefix=dict(img='')
            )
            for split in SPLIT_NAMES
            if split_places(description, root, split)
        }
        if splits:
            return splits
    return {}


def _description_files(root: Path) -> list[str]:
    usual = ['data.yaml', 'data.yml', 'dataset.yaml', 'dataset.yml']
    others = [path.name for path in sorted([*root.glob('*.yaml'), *root.glob('*.yml')])]
    described = [
        name
        for name in dict.fromkeys([*usual, *others])
        if (root / name).is_file()
        and (name in usual or 'names' in read_description(root / name))
    ]
    texts = ['classes.txt', 'obj.names', 'labels.txt']
    return described or [name for name in texts if (root / name).is_file()]


def _place(entry: str, roots: list[Path], root: Path) -> Path | None:
    plain = entry
    while plain.startswith('../'):  # exported for another place
        plain = plain[3:]
    tries = [own / entry for own in roots] + [root / plain]
    return next((path for path in tries if path.exists()), None)


def _images_at(place: Path) -> list[Path]:
    if place.is_file():
        lines = place.read_text(encoding='utf-8').splitlines()
        return [place.parent / line.strip() for line in lines if line.strip()]
    return [place / name for name in list_images(str(place))]


def _size_or_nothing(path: str) -> tuple[int, int]:
    """0, 0 for a broken image: the check of the images names all of them."""
    try:
        return image_size(path)
    except UserError:
        return 0, 0


def _check_any_labels(files: list[Path]) -> None:
    if not any(label_file(file).is_file() for file in files):
        raise UserError(
            f'none of the {len(files)} images beside {files[0]} has a label file; '
            f'looked for {label_file(files[0])} and so on'
        )
