"""Checks an annotation file in COCO's format and the classes wanted from it."""

import os.path as osp
from codecs import BOM_UTF8
from collections.abc import Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from mmdet.datasets import CocoDataset
from mmdet.evaluation import CocoMetric

from mmdet_plus.datasets.checking import Finding, check_annotations
from mmdet_plus.datasets.folders.coco import check_sections, read_json
from mmdet_plus.errors import UserError

from ..classes import no_class_error, unknown_classes_error
from ..dataset_configs import DatasetConfig, Needs, metric_class, path_advice
from .file_names import AS_WRITTEN, FileNames, file_names_of
from .findings import images_to_look_at, look_at_images, refuse

# What CocoDataset and pycocotools read of each record; of images see file_names.py too.
REQUIRED_KEYS = {
    'images': ('id', 'width', 'height'),
    'annotations': ('id', 'image_id', 'category_id', 'bbox', 'area'),
    'categories': ('id', 'name'),
}


class CocoSummary(NamedTuple):
    """What the checks need to know of an annotation file, and images to look at."""

    path: str
    categories: tuple[str, ...]
    images: tuple[dict[str, Any], ...] = ()
    num_images: int = 0
    num_annotations: int = 0
    findings: tuple[Finding, ...] = ()


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset reads a file of this format."""
    is_coco = issubclass(dataset.dataset_class or object, CocoDataset)
    return is_coco and dataset.ann_file is not None


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Check the annotation file, its images and its categories.

    Args:
        dataset: its files exist.
        needs: what the run needs of it.

    Returns:
        Warnings about classes and objects.

    Raises:
        UserError: for what would stop the run or make it train on nothing.
    """
    is_panoptic = dataset.is_panoptic
    classes = dataset.classes if isinstance(dataset.classes, tuple) else None
    measured = [m for _, m in needs.metrics if metric_class(m) is CocoMetric]
    summary = summarise_coco(
        str(dataset.ann_file),
        None if is_panoptic else classes,
        needs_truth=needs.truth,
        needs_objects=needs.objects,
        needs_crowds=bool(measured),
        needs_masks=needs.masks,
        has_boxes=not is_panoptic,
        file_names=file_names_of(dataset),
    )
    if needs.objects and not summary.num_annotations:
        raise UserError(f'{dataset.key}: {summary.path} has no annotations')
    for key, metric in needs.metrics:
        _check_metric(dataset, key, metric)
    # Before the classes: categories that are listed twice are in another order, too.
    told = refuse(dataset, summary.findings)
    warnings = []
    if needs.metrics and needs.truth and not summary.num_annotations:
        warnings.append(
            f'{dataset.key}: {summary.path} has no annotations, so nothing can be '
            'measured with it: AP will be -1'
        )
    if classes is not None:
        keeps_order = dataset.loads_as(CocoDataset)
        warnings += check_classes(
            dataset.key, classes, summary, needs.num_classes_keys, keeps_order
        )
    found = _look_at_images(dataset, summary)
    return [*warnings, *told, *refuse(dataset, found)]


def _look_at_images(dataset: DatasetConfig, summary: CocoSummary) -> list[Finding]:
    """Look at images of the file, which all have to be there."""
    folder = dataset.image_folder or ''
    for image in summary.images:
        path = osp.join(folder, image['file_name'])
        if not osp.isfile(path):
            raise UserError(
                f'{dataset.key}: image {path}, listed in {summary.path}, does not '
                f'exist; {path_advice(dataset.key, "data_prefix.img")}'
            )
    return look_at_images(summary.images, folder, summary.num_images)


def _check_metric(dataset: DatasetConfig, key: str, metric: dict) -> None:
    """Refuse a metric of COCO that would measure on nothing or on other images."""
    if metric_class(metric) is not CocoMetric or metric.get('format_only'):
        return
    path = metric.get('ann_file')
    if not path:
        _check_truth_is_packed(dataset, key)
    elif '://' not in path and osp.isfile(path):
        own = str(dataset.ann_file)
        if not osp.samefile(path, own) and _image_files(path) != _image_files(own):
            raise UserError(
                f'{key}.ann_file is {path}, but {dataset.key} reads {own}: other '
                f'images; set {key}.ann_file={own}'
            )


def _check_truth_is_packed(dataset: DatasetConfig, key: str) -> None:
    steps = dataset.config.get('pipeline') or [{}]
    if 'instances' not in steps[-1].get('meta_keys', ()):
        raise UserError(
            f'{key} (CocoMetric) has no ann_file to measure with: set {key}.ann_file '
            f"for data in COCO's format, or use {key}.type=FolderCocoMetric"
        )


@lru_cache(maxsize=4)
def _image_files(path: str) -> dict[Any, str]:
    images = read_json(path).get('images') or []
    return {image.get('id'): image.get('file_name') for image in images}


@lru_cache(maxsize=8)
def summarise_coco(
    path: str,
    classes: tuple[str, ...] | None = None,
    *,
    needs_truth: bool = True,
    needs_objects: bool = True,
    needs_crowds: bool = False,
    needs_masks: bool = False,
    has_boxes: bool = True,
    file_names: FileNames | None = AS_WRITTEN,
) -> CocoSummary:
    """Read an annotation file, once per path and process, keeping only a summary.

    Args:
        path: a JSON file.
        classes: names that are trained on; None for all.
        needs_truth: False for lists of images without ground truth.
        needs_objects: whether it is an error that none is usable.
        needs_crowds: whether pycocotools measures with it, which reads ``iscrowd``.
        needs_masks: whether masks of the objects are read.
        has_boxes: False for panoptic files, whose annotations are of another kind.
        file_names: the key that names an image's file, and how; None if it is not
            known, so that images are not looked at.

    Raises:
        UserError: if the file is not JSON or not in COCO's format.
    """
    content = read_json(path)
    _refuse_mark(path)
    keys = _keys_to_have(has_boxes, needs_crowds and needs_truth, file_names)
    if not needs_truth and 'annotations' not in content:
        del keys['annotations']
    check_sections(path, content, keys)
    images, annotations = content['images'], content.get('annotations', [])
    if not images:
        raise UserError(f'annotation file {path} lists no images')
    if not content['categories']:
        raise UserError(f'annotation file {path} lists no categories')
    names = tuple(str(item['name']) for item in content['categories'])
    findings: list[Finding] = []
    looked_at: list[dict[str, Any]] = []
    if file_names is not None:
        file_names.write(images)
        if has_boxes:
            named = [image for image in images if image['file_name'] is not None]
            looked_at = images_to_look_at(named)
    if has_boxes and annotations and set(classes or names) & set(names):
        _write_sources(path, content)
        findings = check_annotations(
            content,
            classes=classes,
            needs_objects=needs_objects,
            renumbers=False,
            needs_masks=needs_masks,
            drops_maskless=False,
        )
    return CocoSummary(
        path, names, tuple(looked_at), len(images), len(annotations), tuple(findings)
    )


def _keys_to_have(
    has_boxes: bool, needs_crowds: bool, file_names: FileNames | None
) -> dict[str, tuple[str, ...]]:
    """What the records of each section must have."""
    keys = dict(REQUIRED_KEYS)
    if not has_boxes:
        keys.update(images=(), annotations=())
    elif needs_crowds:
        keys['annotations'] += ('iscrowd',)
    if file_names is not None:
        keys['images'] += (file_names.key,)
    return keys


def _write_sources(path: str, content: dict[str, Any]) -> None:
    """Write into images and annotations where they stand in the file."""
    for section in ('images', 'annotations'):
        for index, record in enumerate(content[section]):
            record['source'] = f'{path}, {section}[{index}]'


def _refuse_mark(path: str) -> None:
    with open(path, 'rb') as file:
        if file.read(len(BOM_UTF8)) == BOM_UTF8:
            raise UserError(
                f'annotation file {path} begins with a byte order mark, which '
                'pycocotools does not read; save it without, or use '
                "type='COCOFolderDataset'"
            )


def check_classes(
    key: str,
    classes: Sequence[str],
    summary: CocoSummary,
    num_classes_keys: Sequence[str],
    keeps_order: bool = True,
) -> list[str]:
    """Compare a dataset's classes with the categories of its file.

    Args:
        key: where the dataset stands in the config.
        classes: the dataset's class names, in order.
        summary: the annotation file.
        num_classes_keys: where the model's numbers of classes stand in the config, for
            the advice.
        keeps_order: whether the dataset numbers labels in the order of the file, as
            ``CocoDataset`` does whatever the order of its classes is.

    Returns:
        Warnings for categories that will be ignored.

    Raises:
        UserError: for a class that is not in the file, and for classes in another
            order than the file's.
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
    if absent:
        raise unknown_classes_error(key, absent, summary.path, summary.categories)
    if keeps_order and found != list(classes):
        raise UserError(
            f'{key}: labels are numbered in the order of {summary.path}, so names of '
            f'classes would be mixed up; write the classes as ({", ".join(found)}), or '
            "use type='COCOFolderDataset', which obeys your order"
        )
    ignored = [name for name in summary.categories if name not in classes]
    if not ignored:
        return []
    return [
        f'{key}: annotations of these categories of {summary.path} are ignored, '
        f'no class has their name: {", ".join(ignored)}'
    ]
