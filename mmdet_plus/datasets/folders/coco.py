"""Data in COCO's format, in the usual folders."""

import json
import os.path as osp
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from .base import FolderDataset
from .content import Content, image_size

SECTIONS = ('images', 'annotations', 'categories')
# Without these a record says nothing; what else is missing can be worked out.
REQUIRED_KEYS = {
    'images': ('id', 'file_name'),
    'annotations': ('image_id', 'category_id', 'bbox'),
    'categories': ('id', 'name'),
}
SPLIT_NAMES = {
    'train': ('train', 'training', 'trainval'),
    'val': ('val', 'valid', 'validation', 'minival'),
    'test': ('test', 'testing'),
}
# COCO's files of other tasks.
OTHER_FILES = re.compile(r'^(captions|person_keypoints|stuff|panoptic|image_info)_')


@DATASETS.register_module()
class COCOFolderDataset(FolderDataset):
    """Data in COCO's format; unlike ``CocoDataset`` it obeys the order of the classes.

    Sizes of images, areas and ``iscrowd`` may be missing.

    Args:
        args: ``ann_file`` is the JSON file, ``data_prefix['img']`` the images' folder.
        kwargs: as ``FolderDataset`` takes them.
    """

    def content(self) -> Content:
        """See ``FolderDataset``."""
        return read_coco(self.ann_file, self.data_prefix.get('img') or '')


def read_coco(path: str, image_folder: str) -> Content:
    """The content of a JSON file, completed.

    Args:
        path: of the file.
        image_folder: is looked into where the file does not say how large images are.
    """
    content = read_json(path)
    check_sections(path, content, REQUIRED_KEYS)
    for index, image in enumerate(content['images']):
        image['source'] = f'{path}, images[{index}]'
        if 'width' not in image or 'height' not in image:
            file = osp.join(image_folder, str(image['file_name']))
            image['width'], image['height'] = image_size(file)
    _name_classes(path, content['categories'])
    for index, item in enumerate(content['annotations']):
        item['source'] = f'{path}, annotations[{index}]'
        box = item['bbox']
        if 'area' not in item and isinstance(box, list) and len(box) == 4:
            item['area'] = box[2] * box[3]
        item.setdefault('iscrowd', 0)
    return {name: content[name] for name in SECTIONS}


def _name_classes(path: str, categories: list[dict[str, Any]]) -> None:
    """Make texts of names that are numbers, as MMDetection compares texts."""
    for index, category in enumerate(categories):
        name = category['name']
        if not isinstance(name, str | int) or name == '':
            raise UserError(
                f'annotation file {path}: categories[{index}] has the name {name!r}, '
                'which is no text'
            )
        category['name'] = str(name)


def read_json(path: str) -> dict[str, Any]:
    """An annotation file.

    Raises:
        UserError: if it is no JSON file with COCO's lists.
    """
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
    except ValueError as error:
        raise UserError(f'annotation file {path} is not valid JSON: {error}') from error
    except OSError as error:
        raise UserError(f'annotation file {path} cannot be read: {error}') from error
    if not isinstance(content, dict) or not set(SECTIONS) & content.keys():
        raise UserError(
            f'annotation file {path} is not in COCO format: it must be an object with '
            f'{", ".join(SECTIONS)}'
        )
    return content


def check_sections(
    path: str, content: Mapping[str, Any], keys: Mapping[str, Sequence[str]]
) -> None:
    """Raise ``UserError`` for the first list or record that lacks something.

    Args:
        path: of the file.
        content: of the file.
        keys: what each record of each list must have.
    """
    for name, wanted in keys.items():
        if not isinstance(content.get(name), list):
            raise UserError(
                f'annotation file {path} is not in COCO format: it has no list {name!r}'
            )
        for index, record in enumerate(content[name]):
            lacking = set(wanted) - set(record if isinstance(record, dict) else ())
            if lacking or not isinstance(record, dict):
                raise UserError(
                    f'annotation file {path}: {name}[{index}] lacks '
                    f'{", ".join(sorted(lacking))}'
                )


def find(root: Path) -> dict[str, dict]:
    """The splits of a folder in COCO's format, each as a dataset's arguments.

    Args:
        root: with ``annotations/*.json``, ``<split>/*.json`` or ``*.json``.

    Raises:
        UserError: if a file's images are nowhere, or two files are of one split.
    """
    splits: dict[str, dict] = {}
    for path in _json_files(root):
        split = split_of(path.relative_to(root)) or 'all'
        if split in splits:
            raise UserError(
                f'{root} has two annotation files for the split {split!r}: '
                f'{splits[split]["ann_file"]} and {path.relative_to(root)}; '
                'move one of them away'
            )
        splits[split] = dict(
            type='COCOFolderDataset',
            ann_file=str(path.relative_to(root)),
            data_prefix=dict(img=_image_folder(root, path, split)),
        )
    if len(splits) > 1:
        splits.pop('all', None)
    return splits


def split_of(path: Path) -> str | None:
    """The split that a relative path names, in its file name or else its folders."""
    for part in [path.stem, *reversed(path.parts[:-1])]:
        words = re.findall(r'[a-z]+', part.lower())
        for split, names in SPLIT_NAMES.items():
            if set(words) & set(names):
                return split
    return None


def _json_files(root: Path) -> Iterator[Path]:
    for pattern in ('annotations/*.json', '*/*.json', '*.json'):
        found = [
            path
            for path in sorted(root.glob(pattern))
            if not OTHER_FILES.match(path.name) and _is_coco(path)
        ]
        if found:
            yield from found
            return


def _is_coco(path: Path) -> bool:
    # The keys stand at the start or after long lists: a look for the words is enough.
    with path.open('rb') as file:
        text = file.read(2**16)
        if b'"images"' in text or b'"annotations"' in text or b'"categories"' in text:
            return True
    return path.suffix == '.json' and path.name.startswith(
        ('instances', '_annotations')
    )


def _image_folder(root: Path, path: Path, split: str) -> str:
    content = read_json(str(path))
    check_sections(str(path), content, dict(images=REQUIRED_KEYS['images']))
    names = [str(image['file_name']) for image in content['images']]
    parts = SPLIT_NAMES.get(split, ())
    words = re.findall(r'[A-Za-z]+\d*', path.stem)
    folders = [
        path.parent,
        root,
        *(root / 'images' / name for name in (*words, *parts)),
    ]
    folders += [root / name for name in (*words, *parts, 'images')]
    folders += [root / name / 'images' for name in (*words, *parts)]
    for folder in folders:
        if names and any((folder / name).is_file() for name in names[:20]):
            return '' if folder == root else str(folder.relative_to(root))
    if not names:
        raise UserError(f'annotation file {path} lists no images')
    raise UserError(
        f'{path}: its first image {names[0]} is in none of '
        + ', '.join(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))
        + '; put the images into a folder named like the split'
    )
