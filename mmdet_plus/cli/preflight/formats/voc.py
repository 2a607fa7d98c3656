"""Checks an image set and its annotation files in PASCAL VOC's format."""

import os.path as osp
import xml.etree.ElementTree as ET
from collections.abc import Sequence

from mmdet.datasets import XMLDataset
from mmdet.evaluation import CocoMetric

from mmdet_plus.datasets.checking import check_annotations
from mmdet_plus.datasets.folders.content import Content, image_size
from mmdet_plus.datasets.folders.voc import object_corners, object_name, read_tree
from mmdet_plus.errors import UserError

from ..classes import misspelt, no_class_error, unknown_classes_error
from ..dataset_configs import DatasetConfig, Needs, metric_class
from .findings import images_to_look_at, look_at_images, refuse


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset finds its files as ``XMLDataset`` does."""
    kind = dataset.dataset_class or object
    return (
        dataset.ann_file is not None
        and issubclass(kind, XMLDataset)
        and dataset.loads_as(XMLDataset)
    )


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Check the annotation files and compare the dataset's classes with their names.

    Args:
        dataset: its image set file exists.
        needs: what the run needs of it.

    Returns:
        Warnings for objects and names that will be ignored.

    Raises:
        UserError: for a file that cannot be read, or if no class is in the files: the
            dataset would be empty, silently.
    """
    content = read_content(dataset)
    names = tuple(str(item['name']) for item in content['categories'])
    if not isinstance(dataset.classes, tuple):
        return []
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
    wrong = misspelt(dataset.classes, names)
    if wrong:
        path = str(dataset.ann_file)
        raise unknown_classes_error(dataset.key, wrong, path, names)
    warnings = [_ignored_warning(dataset, ignored)] if ignored else []
    for key, metric in needs.metrics:
        if metric_class(metric) is CocoMetric and not metric.get('ann_file'):
            raise UserError(
                f'{key} (CocoMetric) has no ground truth: use VOCMetric, or '
                "type='VOCFolderDataset' and type='FolderCocoMetric'"
            )
    findings = check_annotations(
        content, classes=dataset.classes, needs_objects=needs.objects
    )
    images = images_to_look_at(content['images'])
    findings += look_at_images(images, '', len(content['images']))
    return [*warnings, *refuse(dataset, findings)]


def read_content(dataset: DatasetConfig) -> Content:
    """What the annotation files of the image set say.

    Raises:
        UserError: if a file cannot be read, is not XML or has an incomplete object.
    """
    names: dict[str, int] = {}
    content: Content = dict(images=[], annotations=[], categories=[])
    for path, image in _files(dataset):
        tree = read_tree(path, str(dataset.ann_file))
        width, height = _size(tree, path, image)
        content['images'].append(
            dict(id=path, file_name=image, width=width, height=height, source=path)
        )
        for index, item in enumerate(tree.findall('object')):
            source = f'{path}, object[{index}]'
            label = names.setdefault(object_name(item, source), len(names) + 1)
            # As ``XMLDataset`` reads them: the last pixel is the right edge.
            x1, y1, x2, y2 = (value - 1 for value in object_corners(item, source))
            box = dict(bbox=[x1, y1, x2 - x1, y2 - y1], source=source)
            difficult = _is_difficult(item, source)
            marks = dict(iscrowd=difficult, difficult=difficult)
            content['annotations'].append(
                dict(box, **marks, image_id=path, category_id=label)
            )
    content['categories'] = [dict(id=i, name=name) for name, i in names.items()]
    return content


def _size(tree: ET.Element, path: str, image: str) -> tuple[int, int]:
    texts = [tree.findtext(f'size/{name}') for name in ('width', 'height')]
    if tree.find('size') is None or None in texts:
        return image_size(image)
    try:
        width, height = (int(str(text)) for text in texts)
    except ValueError:
        raise UserError(
            f'{path}: size must have width and height in pixels, got {texts}'
        ) from None
    return width, height


def _is_difficult(item: ET.Element, source: str) -> int:
    """1 for an object that is ignored, as a crowd of COCO is; as ``XMLDataset``."""
    text = item.findtext('difficult')
    try:
        return int(bool(int(text))) if text is not None else 0
    except ValueError:
        raise UserError(
            f'{source}: difficult must be 0 or 1, got {text!r}; '
            "type='VOCFolderDataset' reads words too"
        ) from None


def _files(dataset: DatasetConfig) -> list[tuple[str, str]]:
    """Annotation file and image of each line of the image set file."""
    path = dataset.ann_file or ''
    try:
        with open(path, encoding='utf-8') as file:
            image_ids = file.read().splitlines()
    except (OSError, ValueError) as error:
        raise UserError(f'image set file {path} cannot be read: {error}') from error
    if not image_ids:
        raise UserError(f'image set file {path} lists no images')
    blank = [number for number, line in enumerate(image_ids, 1) if not line.strip()]
    if blank:
        raise UserError(f'image set file {path}, line {blank[0]} is blank: remove it')
    prefix = (dataset.config.get('data_prefix') or {}).get('sub_data_root')
    root = '' if prefix is None else dataset.joined(prefix)
    config = dataset.config
    annotations = osp.join(root, config.get('ann_subdir', 'Annotations'))
    images = osp.join(root, config.get('img_subdir', 'JPEGImages'))
    files = [
        (osp.join(annotations, f'{i}.xml'), osp.join(images, f'{i}.jpg'))
        for i in image_ids
    ]
    for annotation, image in (files[0], files[-1]):
        _check_files(dataset, path, annotation, image)
    return files


def _check_files(
    dataset: DatasetConfig, path: str, annotation: str, image: str
) -> None:
    if not osp.isfile(annotation):
        raise UserError(
            f'{dataset.key}: annotation file {annotation}, for an image of {path}, '
            f'does not exist; set {dataset.key}.data_prefix.sub_data_root or '
            f'{dataset.key}.ann_subdir with --cfg-options'
        )
    if not osp.isfile(image):
        raise UserError(
            f'{dataset.key}: image {image} does not exist. This data set reads .jpg '
            "only; type='VOCFolderDataset' reads others too"
        )


def _ignored_warning(dataset: DatasetConfig, names: Sequence[str]) -> str:
    return (
        f'{dataset.key}: objects of these names in the files of {dataset.ann_file} are '
        f'ignored, no class has their name: {", ".join(names)}'
    )
