"""Checks an annotation file in COCO's format and the classes wanted from it."""

import json
import os.path as osp
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mmdet.datasets import CocoDataset

from mmdet_plus.errors import UserError

from ..classes import no_class_error
from ..dataset_configs import DatasetConfig, Needs, path_advice

# What CocoDataset and pycocotools read of each record.
REQUIRED_KEYS = {
    'images': ('id', 'file_name', 'width', 'height'),
    'annotations': ('id', 'image_id', 'category_id', 'bbox', 'area'),
    'categories': ('id', 'name'),
}


class CocoSummary(NamedTuple):
    """What the checks need to know of an annotation file."""

    path: str
    categories: tuple[str, ...]
    image_names: tuple[str, ...]
    num_annotations: int


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset reads a file of this format."""
    is_coco = issubclass(dataset.dataset_class or object, CocoDataset)
    return is_coco and dataset.ann_file is not None


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Check the annotation file, some of its images and its categories.

    Args:
        dataset: its files exist.
        needs: what the run needs of it.

    Returns:
        Warnings about classes.

    Raises:
        UserError: for what would stop the run or make it train on nothing.
    """
    summary = summarise_coco(
        str(dataset.ann_file),
        needs_annotations=needs.truth,
        has_boxes=not dataset.is_panoptic,
    )
    for name in summary.image_names:
        path = osp.join(dataset.image_folder or '', name)
        if name and not osp.isfile(path):
            raise UserError(
                f'{dataset.key}: image {path}, listed in {summary.path}, does not '
                f'exist; {path_advice(dataset.key, "data_prefix.img")}'
            )
    if needs.objects and not summary.num_annotations:
        raise UserError(f'{dataset.key}: {summary.path} has no annotations')
    if not isinstance(dataset.classes, tuple):
        return []
    return check_classes(dataset.key, dataset.classes, summary, needs.num_classes_keys)


@lru_cache(maxsize=8)
def summarise_coco(
    path: str, *, needs_annotations: bool = True, has_boxes: bool = True
) -> CocoSummary:
    """Read an annotation file, once per path and process, keeping only a summary.

    Args:
        path: a JSON file.
        needs_annotations: False for lists of images without ground truth.
        has_boxes: False for panoptic files, whose annotations are of another kind.

    Raises:
        UserError: if the file is not JSON or not in COCO's format.
    """
    content = _read_json(path)
    sections = [
        name
        for name in REQUIRED_KEYS
        if name != 'annotations' or needs_annotations or name in content
    ]
    for name in sections:
        _check_section(path, content, name, check_keys=has_boxes)
    if not content['images']:
        raise UserError(f'annotation file {path} lists no images')
    images = content['images']
    return CocoSummary(
        path=path,
        categories=tuple(str(item['name']) for item in content['categories']),
        image_names=tuple(images[i].get('file_name', '') for i in {0, len(images) - 1}),
        num_annotations=len(content.get('annotations', ())),
    )


def _read_json(path: str) -> dict[str, Any]:
    try:
        with open(path, encoding='utf-8') as file:
            content = json.load(file)
    except ValueError as error:
        raise UserError(f'annotation file {path} is not valid JSON: {error}') from error
    except OSError as error:
        raise UserError(f'annotation file {path} cannot be read: {error}') from error
    if not isinstance(content, dict) or not REQUIRED_KEYS.keys() & content.keys():
        raise UserError(
            f'annotation file {path} is not in COCO format: it must be an object with '
            f'{", ".join(REQUIRED_KEYS)}'
        )
    return content


def _check_section(
    path: str, content: dict[str, Any], name: str, *, check_keys: bool
) -> None:
    if not isinstance(content.get(name), list):
        raise UserError(
            f'annotation file {path} is not in COCO format: it has no list {name!r}'
        )
    wanted = set(REQUIRED_KEYS[name]) if check_keys or name == 'categories' else set()
    for index, record in enumerate(content[name]):
        if not isinstance(record, dict) or not wanted <= record.keys():
            lacking = wanted - set(record if isinstance(record, dict) else ())
            raise UserError(
                f'annotation file {path}: {name}[{index}] lacks '
                f'{", ".join(sorted(lacking))}'
            )


def check_classes(
    key: str,
    classes: Sequence[str],
    summary: CocoSummary,
    num_classes_keys: Sequence[str],
) -> list[str]:
    """Compare a dataset's classes with the categories of its file.

    Args:
        key: where the dataset stands in the config.
        classes: the dataset's class names, in order.
        summary: the annotation file.
        num_classes_keys: where the model's numbers of classes stand in the config, for
            the advice.

    Returns:
        Warnings for classes or categories that will be ignored or numbered otherwise.

    Raises:
        UserError: if no class is in the file: the dataset would be empty, silently.
    """
    found = [name for name in summary.categories if name in set(classes)]
    if not found:
        raise no_class_error(
            f'no class of {key} is in {summary.path}',
            key,
            classes,
            ('categories of the file', summary.categories),
            num_classes_keys,
        )
    absent = [name for name in classes if name not in summary.categories]
    ignored = [name for name in summary.categories if name not in classes]
    lines = []
    if ignored:
        lines.append(
            f'{key}: annotations of these categories of {summary.path} are ignored, '
            f'no class has their name: {", ".join(ignored)}'
        )
    if absent:
        lines.append(
            f'{key}: these classes are ignored, {summary.path} has no category of '
            f'their name: {", ".join(absent)}'
        )
    if found != list(classes)[: len(found)]:
        lines.append(
            f'{key}: labels are numbered in the order of {summary.path}, so names of '
            f'classes will be mixed up; write the classes as ({", ".join(found)})'
        )
    return lines
