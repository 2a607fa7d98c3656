"""Pictures of a data set: distributions, and images with findings."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import cv2
import mmcv
import numpy as np
from matplotlib.figure import Figure

from ...datasets.folders.content import Content
from ...whole_files import written_whole
from .summary import box_sizes

LONGEST_SIDE = 480
COLOUR = (0, 200, 255)  # BGR


def plot_distributions(contents: Mapping[str, Content], path: Path) -> None:
    """Objects per class, per image, and their sides and shapes, split by split."""
    figure = Figure(figsize=(12, 8), layout='constrained')
    axes = figure.subplots(2, 2)
    for number, (split, content) in enumerate(contents.items()):
        names = {item['id']: item['name'] for item in content['categories']}
        labels = Counter(item['category_id'] for item in content['annotations'])
        places = np.arange(len(names)) + 0.25 * number
        heights = [labels[label] for label in names]
        axes[0, 0].bar(places, heights, width=0.25, label=split)
        axes[0, 0].set_xticks(range(len(names)), [*names.values()], rotation=45)
        per_image = Counter(item['image_id'] for item in content['annotations'])
        counts = [per_image[image['id']] for image in content['images']]
        axes[0, 1].hist(counts, bins=20, alpha=0.6, label=split)
        sizes = np.maximum(box_sizes(content), 1e-3)
        axes[1, 0].hist(np.sqrt(sizes.prod(axis=1)), bins=40, alpha=0.6, label=split)
        ratios = np.log2(sizes[:, 0] / sizes[:, 1])
        axes[1, 1].hist(ratios, bins=40, alpha=0.6, label=split)
    titles = [
        'objects of each class',
        'objects of an image',
        'side of objects: root of the area, px',
        'log2 of width / height',
    ]
    for axis, title in zip(axes.flat, titles, strict=True):
        axis.set_title(title)
        axis.legend()
    with written_whole(path) as part:
        figure.savefig(part, dpi=100)


def draw_image(image_path: str, boxes: list[list[float]], path: Path) -> bool:
    """Draw boxes [x, y, w, h] into a small copy of an image; False if it is broken."""
    image = _read(image_path)
    if image is None:
        return False
    scale = min(1.0, LONGEST_SIDE / max(image.shape[:2]))
    image = mmcv.imrescale(image, scale) if scale < 1 else image
    image = np.ascontiguousarray(image)
    for x, y, width, height in boxes:
        corners = [round(v * scale) for v in (x, y, x + width, y + height)]
        cv2.rectangle(image, corners[:2], corners[2:], COLOUR, 2)
    mmcv.imwrite(image, str(path))
    return True


def _read(path: str) -> np.ndarray | None:
    try:
        return mmcv.imread(path)
    except Exception:
        return None
