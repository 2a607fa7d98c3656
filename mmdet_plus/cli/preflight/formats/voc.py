"""Checks an image set and its annotation files in PASCAL VOC's format."""

import os.path as osp
import xml.etree.ElementTree as ET
from collections.abc import Iterable, Sequence
from typing import Any

from mmdet.datasets import XMLDataset

from mmdet_plus.errors import UserError

from ..classes import no_class_error
from ..dataset_configs import DatasetConfig, Needs

NUM_READ_FIRST = 500
# What XMLDataset reads of each object.
REQUIRED_PARTS = (
    'name',
    'bndbox/xmin',
    'bndbox/ymin',
    'bndbox/xmax',
    'bndbox/ymax',
)


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset finds its files as ``XMLDataset`` does."""
    kind: Any = dataset.dataset_class or object
    return (
        dataset.ann_file is not None
        and issubclass(kind, XMLDataset)
        and kind.load_data_list is XMLDataset.load_data_list
    )


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Compare a dataset's classes with the names in its annotation files.

    Reads all files only if the first ones have none of the classes.

    Args:
        dataset: its image set file exists.
        needs: what the run needs of it.

    Returns:
        Warnings for names that will be ignored.

    Raises:
        UserError: for a file that cannot be read, or if no class is in the files: the
            dataset would be empty, silently.
    """
    paths = annotation_paths(dataset)
    names = object_names(paths[:NUM_READ_FIRST])
    if not isinstance(dataset.classes, tuple):
        return []
    if not set(names) & set(dataset.classes):
        names = object_names(paths)
    if not names and needs.objects:
        raise UserError(f'{dataset.key}: {dataset.ann_file} has no annotations')
    if names and not set(names) & set(dataset.classes):
        raise no_class_error(
            f'no class of {dataset.key} is in the files of {dataset.ann_file}',
            dataset.key,
            dataset.classes,
            ('names of the objects', names),
            needs.num_classes_keys,
        )
    ignored = [name for name in names if name not in dataset.classes]
    return [_ignored_warning(dataset, ignored)] if ignored else []


def annotation_paths(dataset: DatasetConfig) -> list[str]:
    """The annotation file of each line of the image set file."""
    path = dataset.ann_file or ''
    try:
        with open(path, encoding='utf-8') as file:
            image_ids = file.read().splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f'image set file {path} cannot be read: {error}') from error
    if not image_ids:
        raise UserError(f'image set file {path} lists no images')
    prefix = (dataset.config.get('data_prefix') or {}).get('sub_data_root')
    root = '' if prefix is None else dataset.joined(prefix)
    folder = osp.join(root, dataset.config.get('ann_subdir', 'Annotations'))
    paths = [osp.join(folder, f'{image_id}.xml') for image_id in image_ids]
    for annotation in (paths[0], paths[-1]):
        if not osp.isfile(annotation):
            raise UserError(
                f'{dataset.key}: annotation file {annotation}, for an image of {path}, '
                f'does not exist; set {dataset.key}.data_prefix.sub_data_root or '
                f'{dataset.key}.ann_subdir with --cfg-options'
            )
    return paths


def object_names(paths: Iterable[str]) -> tuple[str, ...]:
    """The names of all objects, each once, in the order of appearance.

    Args:
        paths: XML files.

    Raises:
        UserError: if a file cannot be read, is not XML or has an incomplete object.
    """
    names: dict[str, None] = {}
    for path in paths:
        for index, item in enumerate(_read_objects(path)):
            for part in REQUIRED_PARTS:
                if not item.findtext(part):
                    raise UserError(
                        f'annotation file {path}: object[{index}] lacks {part}'
                    )
            names[item.findtext('name', '')] = None
    return tuple(names)


def _read_objects(path: str) -> list[ET.Element]:
    try:
        return ET.parse(path).getroot().findall('object')
    except ET.ParseError as error:
        raise UserError(f'annotation file {path} is not valid XML: {error}') from error
    except OSError as error:
        raise UserError(f'annotation file {path} cannot be read: {error}') from error


def _ignored_warning(dataset: DatasetConfig, names: Sequence[str]) -> str:
    return (
        f'{dataset.key}: objects of these names in the files of {dataset.ann_file} are '
        f'ignored, no class has their name: {", ".join(names)}'
    )
