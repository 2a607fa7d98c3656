"""Reads results in COCO format and judges all their detections."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np

from ..coco_files import check_result
from .judging import Judged, judge_image


class Truth(NamedTuple):
    """Objects of a data set."""

    images: dict[int, list[dict]]
    """Annotations of each image, by its id."""
    labels: dict[int, int]
    """Index of each category, by its id."""
    counts: np.ndarray
    """(C,) objects of each class, crowds left out."""


def read_truth(content: dict) -> Truth:
    """Objects of an annotation file in COCO format.

    Raises:
        ValueError: if a part is missing, or an annotation is of an image or a category
            that is not there.
    """
    missing = {'images', 'categories', 'annotations'} - content.keys()
    if missing:
        raise ValueError(f'there is no {sorted(missing)[0]!r}')
    images: dict[int, list[dict]] = {image['id']: [] for image in content['images']}
    labels = {c['id']: i for i, c in enumerate(content['categories'])}
    counts = np.zeros(len(labels), int)
    for annotation in content['annotations']:
        _check_annotation(annotation, images, labels)
        images[annotation['image_id']].append(annotation)
        if not annotation.get('iscrowd', 0):
            counts[labels[annotation['category_id']]] += 1
    return Truth(images, labels, counts)


def _check_annotation(annotation: dict, images: dict, labels: dict) -> None:
    name = f'annotation {annotation.get("id")}'
    for key, known in (('image_id', images), ('category_id', labels)):
        if annotation.get(key) not in known:
            raise ValueError(f'{name}: {key} {annotation.get(key)} is not there')
    if len(annotation.get('bbox') or ()) != 4:
        raise ValueError(f'{name} has no bbox of four numbers')


def judge_results(
    results: list[dict], truth: Truth, iou_thr: float = 0.5, max_per_img: int = 100
) -> Judged:
    """Judge the detections of all images; those on crowds are left out.

    Args:
        results: detections in COCO's format, with ``image_id``, ``category_id``,
            ``bbox`` (x, y, width, height) and ``score``.
        truth: the objects.
        iou_thr: least overlap of a detection with its object.
        max_per_img: best detections of a class in an image that count, as in COCO.

    Raises:
        ValueError: if a detection is of an image or a category that is not there, or
            has not all of the above, or numbers that are not finite.
    """
    for i, result in enumerate(results):
        check_result(i, result)
    by_img: dict[int, list[dict]] = defaultdict(list)
    for result in results:
        by_img[result['image_id']].append(result)
    unknown = sorted(by_img.keys() - truth.images.keys())
    if unknown:
        raise ValueError(f'the annotations have no image {unknown[0]}')
    parts = [
        _judge(found, truth.images[image], truth.labels, iou_thr, max_per_img)
        for image, found in sorted(by_img.items())
    ]
    if not parts:
        return Judged(np.zeros(0), np.zeros(0, int), np.zeros(0, int))
    return Judged(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def _judge(
    found: list[dict],
    annotations: list[dict],
    labels: dict[int, int],
    iou_thr: float,
    max_per_img: int,
) -> Judged:
    found = _best_per_class(found, max_per_img)
    wrong = [r['category_id'] for r in found if r['category_id'] not in labels]
    if wrong:
        raise ValueError(f'the annotations have no category {wrong[0]}')
    scores = np.array([result['score'] for result in found], float)
    own_labels = np.array([labels[result['category_id']] for result in found], int)
    kinds = judge_image(
        _bboxes(found),
        scores,
        own_labels,
        _bboxes(annotations),
        np.array([labels[a['category_id']] for a in annotations], int),
        np.array([a.get('iscrowd', 0) for a in annotations], bool),
        iou_thr,
    )
    judged = kinds != -2
    return Judged(scores[judged], own_labels[judged], kinds[judged])


def _best_per_class(found: list[dict], count: int) -> list[dict]:
    taken: dict[int, int] = defaultdict(int)
    best = []
    for result in sorted(found, key=lambda result: -result['score']):
        taken[result['category_id']] += 1
        if taken[result['category_id']] <= count:
            best.append(result)
    return best


def _bboxes(items: list[dict]) -> np.ndarray:
    """(n, 4) xyxy of COCO's boxes."""
    boxes = np.array([item['bbox'] for item in items], float).reshape(-1, 4)
    return np.concatenate([boxes[:, :2], boxes[:, :2] + boxes[:, 2:]], axis=1)
