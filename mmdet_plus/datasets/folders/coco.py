"""Data in COCO's format, in the usual folders."""

import json
import os
import os.path as osp
import re
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from .base import FolderDataset
from .content import Content, image_size, leave_out, read_text

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
COCO_LIST = re.compile(rb'"(images|annotations)"\s*:\s*\[\s*\{')
COCO_KEY = re.compile(rb'"(file_name|image_id|category_id)"')
# Words of names of files that hold annotations.
MEANT = {
    'instances',
    'annotations',
    'coco',
    *(n for w in SPLIT_NAMES.values() for n in w),
}


def _is_id(value: Any) -> bool:
    return isinstance(value, int | float | str) and not isinstance(value, bool)


def _is_name(value: Any) -> bool:
    return isinstance(value, str | int) and str(value).strip() != ''


def _is_length(value: Any) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and 0 < value <= sys.float_info.max


def _is_file_name(value: Any) -> bool:
    return isinstance(value, str) and value != '' and '\0' not in value


ID = (_is_id, 'a number or a text')
LENGTH = (_is_length, 'a number above 0')
# What values must be, where a record has them.
KINDS: dict[str, dict[str, tuple[Callable[[Any], bool], str]]] = {
    'images': {
        'id': ID,
        'file_name': (_is_file_name, 'a text'),
        'width': LENGTH,
        'height': LENGTH,
    },
    'annotations': {'id': ID, 'image_id': ID, 'category_id': ID},
    'categories': {'id': ID, 'name': (_is_name, 'a text')},
}
IMAGE_FOLDERS = ('images', 'data', 'JPEGImages')
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
    name_images(content)
    check_sections(path, content, REQUIRED_KEYS)
    for index, image in enumerate(content['images']):
        image['source'] = f'{path}, images[{index}]'
        image['file_name'] = with_slashes(image['file_name'])
        if image.get('width') is None or image.get('height') is None:
            file = osp.join(image_folder, image['file_name'])
            image['width'], image['height'] = image_size(file)
    for category in content['categories']:  # MMDetection compares texts
        category['name'] = str(category['name'])
    for index, item in enumerate(content['annotations']):
        item['source'] = f'{path}, annotations[{index}]'
        _complete(item)
    return {name: content[name] for name in SECTIONS}


def name_images(content: dict[str, Any]) -> None:
    """Name the images of LVIS v1, which has addresses only, in place."""
    images = content.get('images')
    for image in images if isinstance(images, list) else ():
        if isinstance(image, dict) and image.get('file_name') is None:
            url = image.get('coco_url')
            if isinstance(url, str):
                image['file_name'] = last_parts(url)


def last_parts(path: str) -> str:
    """A file and its folder: ``train2017/1.jpg`` of a path or an address."""
    return '/'.join(path.split('/')[-2:])


def with_slashes(file_name: str) -> str:
    """A path that may have been written on Windows."""
    return file_name.replace('\\', '/')


def _complete(item: dict[str, Any]) -> None:
    """Work out what an annotation leaves out or says to be null."""
    box = item['bbox']
    if item.get('area') is None:
        is_box = isinstance(box, list) and len(box) == 4
        is_box = is_box and all(map(_is_length, box[2:]))
        item['area'] = box[2] * box[3] if is_box else 0
    if item.get('iscrowd') is None:
        item['iscrowd'] = 0


def read_json(path: str) -> dict[str, Any]:
    """An annotation file, parsed once as long as it stays the same.

    Returns:
        Its lists, with records whose keys may be set; what is inside them is shared.

    Raises:
        UserError: if it is no JSON file with COCO's lists.
    """
    try:
        state = os.stat(path)
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror or error}') from error
    content = _parsed(osp.abspath(path), path, state.st_mtime_ns, state.st_size)
    return {name: _copied(value) for name, value in content.items()}


def _copied(value: Any) -> Any:
    if not isinstance(value, list):
        return value
    return [dict(item) if isinstance(item, dict) else item for item in value]


def _other_format(path: str) -> str:
    """What to do with a file that is of another kind by its name."""
    suffix = osp.splitext(path)[1].lower()
    if suffix not in ('.yaml', '.yml', '.txt', '.xml'):
        return ''
    return (
        f". A {suffix} file is not in COCO's format: give a folder of YOLO or VOC with "
        '--data FOLDER, or see docs/data_formats.md for their datasets'
    )


def forget_files() -> None:
    """Free the memory of the files that were read; training needs it."""
    _parsed.cache_clear()


@lru_cache(maxsize=4)
def _parsed(_: str, path: str, *__: int) -> dict[str, Any]:
    text = read_text(path)
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        reason = 'it is empty' if not text.strip() else error
        raise UserError(
            f'annotation file {path} is not valid JSON: {reason}{_other_format(path)}'
        ) from error
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
            for key, value, kind in _of_other_kind(name, record, wanted):
                raise UserError(
                    f'annotation file {path}: {name}[{index}]: {key} must be {kind}, '
                    f'got {value!r}'
                )


def _of_other_kind(
    section: str, record: dict[str, Any], wanted: Sequence[str]
) -> Iterator[tuple[str, Any, str]]:
    for key, (is_valid, kind) in KINDS[section].items():
        value = record.get(key)
        if not is_valid(value) and (value is not None or key in wanted):
            yield key, value, kind


def find(
    root: Path, remarks: list[str], needed: Sequence[str] = ('train', 'val')
) -> dict[str, dict]:
    """The splits of a folder in COCO's format, each as a dataset's arguments.

    Args:
        root: with ``annotations/*.json``, ``<split>/*.json`` or ``*.json``.
        remarks: to which is added what is left out.
        needed: splits that must not be broken.

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
        try:
            images = _image_folder(root, path, split)
        except UserError as error:
            leave_out(split, error, needed, remarks)
            continue
        splits[split] = dict(
            type='COCOFolderDataset',
            ann_file=str(path.relative_to(root)),
            data_prefix=dict(img=images),
        )
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
    if path.is_dir():
        return False
    if not path.is_file():
        return True  # a link to nowhere, which reading will name
    # A look at the start is enough: files are large, and others have lists of images.
    with path.open('rb') as file:
        text = file.read(2**16)
    if COCO_LIST.search(text) and COCO_KEY.search(text):
        return True
    # Called so, it is meant to be, and what is wrong with it is said.
    words = set(re.findall(r'[a-z]+', path.stem.lower()))
    return bool(words) and words <= MEANT


def _image_folder(root: Path, path: Path, split: str) -> str:
    content = read_json(str(path))
    name_images(content)
    check_sections(str(path), content, dict(images=REQUIRED_KEYS['images']))
    names = [with_slashes(image['file_name']) for image in content['images']]
    parts = SPLIT_NAMES.get(split, ())
    words = re.findall(r'[A-Za-z]+\d*', path.stem)
    folders = [
        path.parent,
        root,
        *(root / 'images' / name for name in (*words, *parts)),
    ]
    folders += [root / name for name in (*words, *parts, *IMAGE_FOLDERS)]
    folders += [path.parent / name for name in (*words, *parts, *IMAGE_FOLDERS)]
    folders += [root / name / 'images' for name in (*words, *parts)]
    for folder in folders:
        if names and any((folder / name).is_file() for name in names[:20]):
            return '' if folder == root else str(folder.relative_to(root))
    if not names:
        raise UserError(f'annotation file {path} lists no images')
    raise UserError(
        f'{path}: its first image {names[0]} is in none of '
        + ', '.join(dict.fromkeys(str(folder) for folder in folders if folder.is_dir()))
        + '; put the images into a folder named like the split, and write paths '
        'relative to it'
    )
