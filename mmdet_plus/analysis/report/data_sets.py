"""The ground truth of a data set of MMDetection, whatever format it is read from."""

from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from mmdet.datasets import BaseDetDataset, CocoDataset
from pycocotools import mask as coco_mask

from ...datasets.folders.base import FolderDataset
from ...errors import UserError
from .ground_truth import GroundTruth, read_ground_truth
from .predictions import load_ground_truth


class DataSet(NamedTuple):
    """What a report needs of a data set."""

    truth: GroundTruth
    """``files`` are whole paths."""
    places: dict[Any, int]
    """Index of each image by the ``img_id`` of MMDetection."""


def read_data_set(dataset: BaseDetDataset) -> DataSet:
    """Objects of a data set that was built for a test.

    COCO's files are read again, since MMDetection does not keep the areas of objects;
    data sets in other formats are what MMDetection reads.

    Raises:
        UserError: if it has no objects at all.
    """
    infos = [dataset.get_data_info(i) for i in range(len(dataset))]
    if isinstance(dataset, CocoDataset):
        found = _of_coco(dataset, infos)
    else:
        content = _coco_content(infos, dataset.metainfo['classes'])
        places = {info['img_id']: i for i, info in enumerate(infos)}
        found = DataSet(read_ground_truth(content), places)
    if not found.truth.counts.any():
        raise UserError('the data set has no objects: there is nothing to report on')
    files = dict(enumerate(found.truth.files))
    for info in infos:
        files[found.places[info['img_id']]] = str(info['img_path'])
    return found._replace(truth=replace(found.truth, files=tuple(files.values())))


def _of_coco(dataset: CocoDataset, infos: list[dict]) -> DataSet:
    classes = tuple(dataset.metainfo['classes'])
    if isinstance(dataset, FolderDataset):
        truth = read_ground_truth(dataset.ground_truth(), classes)
    else:
        truth = load_ground_truth(Path(dataset.ann_file), classes)
    places = {int(own): i for i, own in enumerate(truth.image_ids)}
    return DataSet(truth, places)


def _coco_content(infos: list[dict], classes: tuple[str, ...]) -> dict:
    """An annotation file of what MMDetection reads; labels are ids."""
    annotations: list[dict] = []
    for image, info in enumerate(infos):
        for instance in info.get('instances', ()):
            x1, y1, x2, y2 = instance['bbox']
            annotation = dict(
                id=len(annotations) + 1,
                image_id=image,
                category_id=int(instance['bbox_label']),
                bbox=[x1, y1, x2 - x1, y2 - y1],
                iscrowd=int(instance.get('ignore_flag', 0)),
            )
            if instance.get('mask'):
                annotation['segmentation'] = instance['mask']
            annotation['area'] = _area(annotation, info)
            annotations.append(annotation)
    images = [
        dict(id=i, file_name=str(info['img_path']), **_size(info))
        for i, info in enumerate(infos)
    ]
    categories = [dict(id=i, name=name) for i, name in enumerate(classes)]
    return dict(images=images, annotations=annotations, categories=categories)


def _size(info: dict) -> dict:
    return {key: info[key] for key in ('height', 'width') if key in info}


def _area(annotation: dict, info: dict) -> float:
    mask = annotation.get('segmentation')
    if isinstance(mask, list) and 'height' in info:
        parts = coco_mask.frPyObjects(mask, info['height'], info['width'])
        return float(coco_mask.area(coco_mask.merge(parts)))
    return float(np.prod(annotation['bbox'][2:]))
