"""What a split holds, in numbers."""

from collections import Counter
from typing import Any

import numpy as np

from ...datasets.folders.content import Content

# COCO's limits of areas, in square pixels.
SMALL, LARGE = 32**2, 96**2


def summarise(content: Content) -> dict[str, Any]:
    """Numbers of a split: images, objects, sizes, shapes.

    Args:
        content: as it is trained on.
    """
    boxes = box_sizes(content)
    areas = boxes.prod(axis=1)
    per_image = Counter(item['image_id'] for item in content['annotations'])
    names = {item['id']: item['name'] for item in content['categories']}
    classes = Counter(names[item['category_id']] for item in content['annotations'])
    counts = [per_image.get(image['id'], 0) for image in content['images']]
    sizes = Counter((i['width'], i['height']) for i in content['images'])
    return dict(
        images=len(content['images']),
        images_without_objects=sum(count == 0 for count in counts),
        objects=len(content['annotations']),
        objects_with_masks=sum(
            bool(item.get('segmentation')) for item in content['annotations']
        ),
        crowds=sum(bool(item.get('iscrowd')) for item in content['annotations']),
        objects_per_class={name: classes.get(name, 0) for name in names.values()},
        objects_per_image=_quartiles(np.array(counts, float)),
        image_sizes={f'{w} x {h}': number for (w, h), number in sizes.most_common(10)},
        sides=_quartiles(np.sqrt(np.maximum(areas, 0))),
        aspect_ratios=_quartiles(boxes[:, 0] / np.maximum(boxes[:, 1], 1e-9)),
        small=int((areas < SMALL).sum()),
        medium=int(((areas >= SMALL) & (areas < LARGE)).sum()),
        large=int((areas >= LARGE).sum()),
    )


def box_sizes(content: Content) -> np.ndarray:
    """Widths and heights (n, 2) of all objects, in pixels."""
    sizes = [item['bbox'][2:] for item in content['annotations']]
    return np.array(sizes, float).reshape(-1, 2)


def _quartiles(values: np.ndarray) -> dict[str, float]:
    if not len(values):
        return {}
    marks = dict(least=0, quarter=25, half=50, three_quarters=75, most=100)
    return {
        name: round(float(np.percentile(values, mark)), 3)
        for name, mark in marks.items()
    }
