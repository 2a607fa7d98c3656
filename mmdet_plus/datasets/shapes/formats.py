"""Writes the annotations of the data set "shapes" as COCO, PASCAL VOC or YOLO files."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree

import cv2
import numpy as np
from mmengine.fileio import dump
from numpy import ndarray
from pycocotools import mask as coco_mask

from .generation import CLASSES, ShapeInstance

# A polygon that agrees less with its mask (IoU) than this is replaced by RLE.
MIN_POLYGON_IOU = 0.94
# Largest distance between a polygon and the outline of its mask, in pixels.
POLYGON_TOLERANCE = 0.75
POLYGON_SUPERSAMPLING = 4

Segmentation = list[list[float]] | dict[str, Any]


class ObjectRecord(NamedTuple):
    """What the files tell about an object.

    Attributes:
        label: index into ``CLASSES``.
        bbox: xyxy pixels, tight around the visible part, x2 = last column + 1.
        area: visible pixels.
        segmentation: COCO polygons or COCO run lengths.
    """

    label: int
    bbox: tuple[int, int, int, int]
    area: int
    segmentation: Segmentation


class ImageRecord(NamedTuple):
    """What the files tell about an image; ``name`` is its file name without suffix."""

    name: str
    width: int
    height: int
    objects: list[ObjectRecord]


Splits = dict[str, list[ImageRecord]]


class Layout(NamedTuple):
    """Where the images of a split belong, and who writes the annotations.

    Attributes:
        image_dir: path relative to the root, ``{split}`` is to be filled in.
        write: takes the root and the records of every split.
    """

    image_dir: str
    write: Callable[[Path, Splits], None]


def describe_object(instance: ShapeInstance) -> ObjectRecord:
    """Turn a drawn object into what is written about it."""
    return ObjectRecord(
        label=instance.label,
        bbox=instance.bbox,
        area=int(instance.mask.sum()),
        segmentation=segment(instance.mask),
    )


def segment(mask: ndarray) -> Segmentation:
    """COCO segmentation of a mask (h, w) bool.

    Returns:
        A list with one polygon [x, y, x, y, ...] in pixels if the mask is one piece
        without holes that a polygon describes well, else compressed run lengths.
    """
    polygons = _trace(mask)
    if len(polygons) == 1 and polygons[0].size >= 6:
        candidate = [np.round(polygons[0], 2).tolist()]
        decoded = decode_segmentation(candidate, *mask.shape)
        if (decoded & mask).sum() >= MIN_POLYGON_IOU * (decoded | mask).sum():
            return candidate
    run_lengths = coco_mask.encode(np.asfortranarray(mask, dtype=np.uint8))
    counts = run_lengths['counts'].decode('ascii')
    return dict(size=list(mask.shape), counts=counts)


def decode_segmentation(segmentation: Segmentation, height: int, width: int) -> ndarray:
    """Mask (height, width) bool of a COCO segmentation."""
    if isinstance(segmentation, list):
        parts = coco_mask.frPyObjects(segmentation, height, width)
        return coco_mask.decode(coco_mask.merge(parts)).astype(bool)
    return coco_mask.decode(segmentation).astype(bool)


def _trace(mask: ndarray) -> list[ndarray]:
    """Outlines of all pieces and holes of a mask (h, w) bool, (2n,) pixels each.

    OpenCV traces through the centres of pixels. In an enlarged mask these lie close to
    the edges of the original ones, which is where COCO has its polygons.
    """
    scale = POLYGON_SUPERSAMPLING
    x, y, width, height = cv2.boundingRect(mask.astype(np.uint8))
    piece = mask[y : y + height, x : x + width].astype(np.uint8)
    fine = np.kron(piece, np.ones((scale, scale), np.uint8))
    outlines, _ = cv2.findContours(fine, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    polygons = []
    for outline in outlines:
        corners = cv2.approxPolyDP(outline, POLYGON_TOLERANCE * scale, True)
        polygons.append(((corners + 0.5) / scale + (x, y)).reshape(-1))
    return polygons


# -------------------------------------------------------------------- COCO


def write_coco(root: Path, splits: Splits) -> None:
    """Write ``annotations/{split}.json``; ids of everything start at 1."""
    (root / 'annotations').mkdir()
    for split, images in splits.items():
        content = json.dumps(coco_content(images), separators=(',', ':'))
        (root / 'annotations' / f'{split}.json').write_text(content + '\n')


def coco_content(images: list[ImageRecord]) -> dict[str, list[dict]]:
    """The COCO dictionary of one split."""
    placed = [(i, obj) for i, image in enumerate(images, 1) for obj in image.objects]
    return dict(
        images=[
            dict(
                id=i,
                file_name=f'{image.name}.jpg',
                width=image.width,
                height=image.height,
            )
            for i, image in enumerate(images, 1)
        ],
        annotations=[
            _coco_annotation(annotation_id, image_id, obj)
            for annotation_id, (image_id, obj) in enumerate(placed, 1)
        ],
        categories=[dict(id=i, name=name) for i, name in enumerate(CLASSES, 1)],
    )


def _coco_annotation(annotation_id: int, image_id: int, obj: ObjectRecord) -> dict:
    x1, y1, x2, y2 = obj.bbox
    return dict(
        id=annotation_id,
        image_id=image_id,
        category_id=obj.label + 1,
        bbox=[x1, y1, x2 - x1, y2 - y1],
        area=obj.area,
        iscrowd=0,
        segmentation=obj.segmentation,
    )


# --------------------------------------------------------------------- VOC


def write_voc(root: Path, splits: Splits) -> None:
    """Write ``Annotations/*.xml``, ``ImageSets/Main/{split}.txt`` and ``classes.txt``.

    MMDetection reads it with ``VOCDataset``, ``metainfo=ShapesDataset.METAINFO``,
    ``ann_file='ImageSets/Main/train.txt'`` and ``data_prefix=dict(sub_data_root='')``.
    """
    (root / 'Annotations').mkdir()
    (root / 'ImageSets' / 'Main').mkdir(parents=True)
    (root / 'classes.txt').write_text(''.join(f'{name}\n' for name in CLASSES))
    for split, images in splits.items():
        names = ''.join(f'{image.name}\n' for image in images)
        (root / 'ImageSets' / 'Main' / f'{split}.txt').write_text(names)
        for image in images:
            content = ElementTree.tostring(voc_tree(image), encoding='unicode')
            (root / 'Annotations' / f'{image.name}.xml').write_text(content + '\n')


def voc_tree(image: ImageRecord) -> ElementTree.Element:
    """The VOC annotation of an image.

    VOC counts pixels from 1 and names the last pixel inside: our [x1, x2) becomes
    x1 + 1 ... x2. ``VOCDataset`` subtracts 1 from both, as for the real PASCAL VOC, so
    that the boxes it returns end at x2 - 1; ``VOCMetric`` takes that into account.
    """
    root = ElementTree.Element('annotation')
    _add_texts(root, filename=f'{image.name}.jpg')
    size = ElementTree.SubElement(root, 'size')
    _add_texts(size, width=image.width, height=image.height, depth=3)
    for obj in image.objects:
        x1, y1, x2, y2 = obj.bbox
        element = ElementTree.SubElement(root, 'object')
        _add_texts(element, name=CLASSES[obj.label], difficult=0)
        box = ElementTree.SubElement(element, 'bndbox')
        _add_texts(box, xmin=x1 + 1, ymin=y1 + 1, xmax=x2, ymax=y2)
    ElementTree.indent(root)
    return root


def _add_texts(parent: ElementTree.Element, **texts: object) -> None:
    for tag, text in texts.items():
        ElementTree.SubElement(parent, tag).text = str(text)


# -------------------------------------------------------------------- YOLO


def write_yolo(root: Path, splits: Splits) -> None:
    """Write ``labels/{split}/*.txt`` and ``data.yaml``."""
    for split, images in splits.items():
        (root / 'labels' / split).mkdir(parents=True)
        for image in images:
            content = '\n'.join([*yolo_lines(image), ''])
            (root / 'labels' / split / f'{image.name}.txt').write_text(content)
    description: dict = {split: f'images/{split}' for split in splits}
    description['names'] = dict(enumerate(CLASSES))
    dump(description, str(root / 'data.yaml'), sort_keys=False)


def yolo_lines(image: ImageRecord) -> list[str]:
    """Lines ``class cx cy w h``, the class from 0, the rest as parts of the image."""
    lines = []
    for obj in image.objects:
        x1, y1, x2, y2 = obj.bbox
        box = np.array([(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1])
        box /= [image.width, image.height] * 2
        lines.append(' '.join([str(obj.label), *(f'{value:.6f}' for value in box)]))
    return lines


LAYOUTS = dict(
    coco=Layout('{split}', write_coco),
    voc=Layout('JPEGImages', write_voc),
    yolo=Layout('images/{split}', write_yolo),
)
