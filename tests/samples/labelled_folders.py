"""Small folders of labelled images in every layout that is recognised."""

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

NAMES = ('cat', 'dog')
WIDTH, HEIGHT = 40, 20
# Class and box x1 y1 x2 y2 of each object of each image.
OBJECTS = {
    'a': [(0, (4, 2, 14, 12)), (1, (20, 5, 40, 20))],
    'b': [(1, (1, 1, 11, 6))],
    'c': [(0, (10, 4, 30, 14))],
    'd': [],
    'e': [(0, (0, 0, 8, 8)), (0, (8, 8, 16, 16))],
}
SPLITS = dict(train=('a', 'b', 'c'), val=('d', 'e'))


def write_image(path: Path, size: tuple[int, int] = (WIDTH, HEIGHT)) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    seed = sum(path.stem.encode())
    picture = np.random.default_rng(seed).integers(0, 255, (size[1], size[0], 3))
    cv2.imwrite(str(path), picture.astype(np.uint8))


def edit(path: Path, change: Callable[[str], str]) -> None:
    """Change the text of a file."""
    path.write_text(change(path.read_text()))


def coco_content(names: tuple[str, ...]) -> dict:
    images, annotations = [], []
    for number, name in enumerate(names, 1):
        images.append(
            dict(id=number, file_name=f'{name}.jpg', width=WIDTH, height=HEIGHT)
        )
        for label, (x1, y1, x2, y2) in OBJECTS[name]:
            box = dict(bbox=[x1, y1, x2 - x1, y2 - y1], area=(x2 - x1) * (y2 - y1))
            number_of = len(annotations) + 1
            place = dict(id=number_of, image_id=number, category_id=label + 1)
            annotations.append(dict(place, iscrowd=0, **box))
    categories = [dict(id=i, name=name) for i, name in enumerate(NAMES, 1)]
    return dict(images=images, annotations=annotations, categories=categories)


def write_coco(root: Path, file: str, images: str) -> Path:
    """Write with names of files and folders in which ``{split}`` is filled in."""
    for split, names in SPLITS.items():
        path = root / file.format(split=split)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(coco_content(names)))
        for name in names:
            write_image(root / images.format(split=split) / f'{name}.jpg')
    return root


def voc_xml(name: str) -> str:
    objects = ''.join(
        f'<object><name>{NAMES[label]}</name><bndbox><xmin>{x1 + 1}</xmin>'
        f'<ymin>{y1 + 1}</ymin><xmax>{x2}</xmax><ymax>{y2}</ymax></bndbox></object>'
        for label, (x1, y1, x2, y2) in OBJECTS[name]
    )
    size = f'<size><width>{WIDTH}</width><height>{HEIGHT}</height></size>'
    return (
        f'<annotation>\n<filename>{name}.jpg</filename>\n{size}\n{objects}</annotation>'
    )


def write_voc(root: Path, *, with_sets: bool = True) -> Path:
    (root / 'Annotations').mkdir(parents=True)
    for split, names in SPLITS.items():
        for name in names:
            write_image(root / 'JPEGImages' / f'{name}.jpg')
            (root / 'Annotations' / f'{name}.xml').write_text(voc_xml(name))
        if with_sets:
            path = root / 'ImageSets' / 'Main' / f'{split}.txt'
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(''.join(f'{name}\n' for name in names))
    return root


def yolo_lines(name: str) -> str:
    lines = []
    for label, (x1, y1, x2, y2) in OBJECTS[name]:
        numbers = ((x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1)
        sizes = (WIDTH, HEIGHT) * 2
        parts = [f'{n / size:.6f}' for n, size in zip(numbers, sizes, strict=True)]
        lines.append(' '.join([str(label), *parts]))
    return '\n'.join(lines)


def write_yolo(root: Path, images: str, description: str) -> Path:
    """Write with the folder of a split's images and the text of ``data.yaml``."""
    for split, names in SPLITS.items():
        folder = root / images.format(split=split)
        labels = root / images.replace('images', 'labels').format(split=split)
        labels.mkdir(parents=True, exist_ok=True)
        for name in names:
            write_image(folder / f'{name}.jpg')
            (labels / f'{name}.txt').write_text(yolo_lines(name))
    (root / 'data.yaml').write_text(description.format(root=root))
    return root
