"""Checks datasets that read a folder of labelled images."""

from typing import Any

from mmdet.registry import DATASETS

from mmdet_plus.datasets.checking import check_annotations
from mmdet_plus.datasets.folders.base import FolderDataset
from mmdet_plus.errors import UserError

from ..classes import misspelt, unknown_classes_error
from ..dataset_configs import DatasetConfig, Needs
from .findings import images_to_look_at, look_at_images, refuse


def reads(dataset: DatasetConfig) -> bool:
    """Whether a dataset is one of ours for folders."""
    return issubclass(dataset.dataset_class or object, FolderDataset)


def check(dataset: DatasetConfig, needs: Needs) -> list[str]:
    """Read all annotations and check them and the images.

    Args:
        dataset: of any format.
        needs: what the run needs of it.

    Returns:
        Warnings about objects.

    Raises:
        UserError: for a file that cannot be read, a class that the data do not have, or
            data that cannot be trained on.
    """
    built = _build(dataset)
    content = built.content()
    if not content['images']:
        raise UserError(f'{dataset.key} has no images')
    names = [str(item['name']) for item in content['categories']]
    classes = dataset.classes if isinstance(dataset.classes, tuple) else None
    if classes is not None:
        absent = [name for name in classes if name not in names]
        wrong = absent if len(absent) == len(classes) else misspelt(classes, names)
        if wrong and needs.objects:
            raise unknown_classes_error(dataset.key, wrong, 'the data', names)
    findings = check_annotations(
        content,
        classes=classes,
        needs_objects=needs.objects,
        needs_masks=needs.masks,
        drops_maskless=bool(dataset.config.get('needs_masks')),
    )
    folder = built.data_prefix.get('img') or ''
    images = images_to_look_at(content['images'])
    findings += look_at_images(images, folder, len(content['images']))
    return refuse(dataset, findings)


def _build(dataset: DatasetConfig) -> Any:
    return DATASETS.build({**dataset.config, 'pipeline': [], 'lazy_init': True})


def classes_of_data(dataset: DatasetConfig) -> tuple[str, ...]:
    """The classes of a dataset whose config names none: those of its own split."""
    built = _build(dataset)
    built.ground_truth()
    return tuple(built.metainfo['classes'])
