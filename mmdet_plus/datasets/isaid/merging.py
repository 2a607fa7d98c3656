"""Puts what was found in tiles back into the whole images."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch
from mmcv.ops import batched_nms
from pycocotools import mask as coco_mask

Json = dict[str, Any]


def shift_run_lengths(
    mask: Json, offset: tuple[int, int], size: tuple[int, int]
) -> Json:
    """Place the mask of a tile in a larger image without drawing that image.

    Args:
        mask: COCO run lengths of the tile.
        offset: x, y of the tile in the image.
        size: width and height of the image.

    Returns:
        COCO run lengths of the image.
    """
    (x, y), (width, height) = offset, size
    tile = np.asarray(coco_mask.decode(mask))
    padded = np.pad(tile.astype(np.int8), ((1, 1), (0, 0)))
    # Columns first, as COCO counts: where runs of ones begin and end.
    columns, rows = np.nonzero(np.diff(padded, axis=0).T)
    borders = (columns + x) * height + rows + y
    counts = np.diff(np.concatenate([[0], borders, [width * height]]))
    merged = coco_mask.frPyObjects(
        dict(size=[height, width], counts=counts.tolist()), height, width
    )
    return dict(size=[height, width], counts=merged['counts'].decode())


def merge_tiles(
    detections: Iterable[Json], tiles: Iterable[Json], iou_threshold: float
) -> tuple[list[Json], list[Json]]:
    """Detections of whole images from those of their tiles.

    Args:
        detections: entries of a COCO result file; ``image_id`` names a tile.
        tiles: entries of ``images`` of the annotation file, with ``source``, ``x``,
            ``y``, ``source_width`` and ``source_height``.
        iou_threshold: of two boxes of a class in an image that overlap more, the lower
            score goes.

    Returns:
        The images with new ids, and the entries of a result file for them.

    Raises:
        ValueError: a detection is in no tile, or tiles lack their place.
    """
    by_id = {tile['id']: tile for tile in tiles}
    _check_places(by_id.values())
    sources = sorted({tile['source'] for tile in by_id.values()})
    ids = {source: i + 1 for i, source in enumerate(sources)}
    by_source: dict[str, list[Json]] = defaultdict(list)
    for detection in detections:
        tile = by_id.get(detection['image_id'])
        if tile is None:
            raise ValueError(f'no tile has the id {detection["image_id"]}')
        moved = _move(detection, tile) | dict(image_id=ids[tile['source']])
        by_source[tile['source']].append(moved)
    kept = [
        entry
        for source in sources
        for entry in _without_duplicates(by_source[source], iou_threshold)
    ]
    images = [dict(id=ids[source], file_name=f'{source}.png') for source in sources]
    return images, kept


def renumber(
    detections: Iterable[Json],
    images: Iterable[Json],
    categories: Iterable[Json],
    official: Json,
) -> list[Json]:
    """Detections with the ids of another annotation file, found by name.

    Args:
        detections: entries of a result file.
        images: what their ``image_id`` stands for, with ``id`` and ``file_name``.
        categories: what their ``category_id`` stands for, with ``id`` and ``name``.
        official: annotation file with ``images`` and ``categories`` of its own.

    Raises:
        ValueError: an image or a class that has detections is not in that file.
    """
    image_ids = _translation(images, official['images'], 'file_name')
    category_ids = _translation(categories, official['categories'], 'name')
    result = []
    for detection in detections:
        ids = {}
        for key, table in (('image_id', image_ids), ('category_id', category_ids)):
            name, number = table[detection[key]]
            if number is None:
                raise ValueError(f'the official annotation file has no {name!r}')
            ids[key] = number
        result.append(detection | ids)
    return result


def _translation(
    own: Iterable[Json], other: Iterable[Json], key: str
) -> dict[int, tuple[str, int | None]]:
    """Name and id in the other file, None where it has none, by our id."""
    numbers = {entry[key]: entry['id'] for entry in other}
    return {e['id']: (e[key], numbers.get(e[key])) for e in own}


def _check_places(tiles: Iterable[Json]) -> None:
    needed = {'source', 'x', 'y', 'source_width', 'source_height'}
    for tile in tiles:
        missing = needed - tile.keys()
        if missing:
            raise ValueError(
                f'image {tile.get("file_name")} lacks {sorted(missing)}: not an '
                'annotation file that isaid2coco.py wrote'
            )


def _move(detection: Json, tile: Json) -> Json:
    x, y, width, height = detection['bbox']
    moved = detection | dict(bbox=[x + tile['x'], y + tile['y'], width, height])
    if 'segmentation' in detection:
        moved['segmentation'] = shift_run_lengths(
            detection['segmentation'],
            (tile['x'], tile['y']),
            (tile['source_width'], tile['source_height']),
        )
    return moved


def _without_duplicates(entries: list[Json], iou_threshold: float) -> list[Json]:
    if not entries:
        return []
    boxes = torch.tensor([entry['bbox'] for entry in entries], dtype=torch.float32)
    boxes[:, 2:] += boxes[:, :2]
    scores = torch.tensor([entry['score'] for entry in entries])
    classes = torch.tensor([entry['category_id'] for entry in entries])
    _, keep = batched_nms(
        boxes, scores, classes, dict(type='nms', iou_threshold=iou_threshold)
    )
    return [entries[i] for i in keep.tolist()]
