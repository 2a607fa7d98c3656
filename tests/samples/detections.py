"""Detections and objects for tests of the analysis: random ones, and five images."""

import contextlib
import io

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval


def random_data(
    seed: int = 0, num_images: int = 20, with_masks: bool = False, sizes: float = 60
) -> tuple[dict, list[dict]]:
    """An annotation file and results, with crowds, ties, duplicates and confusions."""
    rng = np.random.default_rng(seed)
    images = [dict(id=3 * i + 10, width=200, height=200) for i in range(num_images)]
    for image in images:
        image['file_name'] = f'{image["id"]}.png'
    categories = [
        dict(id=i, name=f'class {i}', supercategory='odd' if i % 2 else 'even')
        for i in (2, 5, 7)
    ]
    content = dict(images=images, annotations=[], categories=categories)
    results: list[dict] = []
    for image in images:
        for _ in range(rng.integers(0, 7)):
            box = np.concatenate([rng.random(2) * 120, 5 + rng.random(2) * sizes])
            category = int(rng.choice([2, 5, 7]))
            crowd = int(rng.random() < 0.1)
            content['annotations'].append(
                _annotation(content, image, category, box, crowd)
            )
            for _ in range(rng.integers(0, 4)):
                results.append(_result(rng, image, category, box))
        if rng.random() < 0.7:
            anywhere = np.concatenate([rng.random(2) * 150, 5 + rng.random(2) * 40])
            results.append(_result(rng, image, int(rng.choice([2, 5, 7])), anywhere))
    if with_masks:
        for item in (*content['annotations'], *results):
            item['segmentation'] = _diamond(item['bbox'])
        _to_run_lengths(results, content)
    return content, results


def _annotation(
    content: dict, image: dict, category: int, box: np.ndarray, crowd: int
) -> dict:
    return dict(
        id=len(content['annotations']) + 1,
        image_id=image['id'],
        category_id=category,
        bbox=box.tolist(),
        area=float(box[2] * box[3] * 0.8),
        iscrowd=crowd,
        occluded=int(box[0] < 40),
    )


def _result(
    rng: np.random.Generator, image: dict, category: int, box: np.ndarray
) -> dict:
    moved = box + rng.normal(0, rng.choice([0.5, 3, 10]), 4)
    moved[2:] = np.maximum(moved[2:], 1)
    wrong = rng.random() < 0.2
    return dict(
        image_id=image['id'],
        category_id=int(rng.choice([2, 5, 7])) if wrong else category,
        bbox=moved.tolist(),
        # Two digits: some scores are equal.
        score=round(float(rng.random()), 2),
    )


def _diamond(bbox: list[float]) -> list[list[float]]:
    x, y, w, h = bbox
    corners = (x + w / 2, y, x + w, y + h / 2, x + w / 2, y + h, x, y + h / 2)
    return [[float(value) for value in corners]]


def _to_run_lengths(results: list[dict], content: dict) -> None:
    coco = COCO()
    coco.dataset = content
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
    for result in results:
        result['segmentation'] = coco.annToRLE(result)


def coco_eval(content: dict, results: list[dict], kind: str = 'bbox') -> COCOeval:
    """What ``pycocotools`` makes of them, accumulated and summarized."""
    coco = COCO()
    coco.dataset = content
    keys = {'segm': 'bbox'}.get(kind, 'segmentation')
    results = [{k: v for k, v in r.items() if k != keys} for r in results]
    with contextlib.redirect_stdout(io.StringIO()):
        coco.createIndex()
        measured = COCOeval(coco, coco.loadRes(results), kind)
        measured.evaluate()
        measured.accumulate()
        measured.summarize()
    return measured


def copied(content, results, draw):
    """The data with each image as often as it was drawn, under new ids."""
    images, annotations, copies = [], [], []
    for image, times in zip(content['images'], draw, strict=True):
        for _ in range(times):
            new = dict(image_id=len(images) + 1)
            images.append(dict(image, id=new['image_id']))
            for item in content['annotations']:
                if item['image_id'] == image['id']:
                    annotations.append(dict(item, **new, id=len(annotations) + 1))
            copies += [{**r, **new} for r in results if r['image_id'] == image['id']]
    return dict(content, images=images, annotations=annotations), copies
