"""The objects of a data set as arrays, read from an annotation file."""

from dataclasses import dataclass, field

import numpy as np
from pycocotools import mask as coco_mask

# Written by many annotation tools; Hoiem et al. (ECCV 2012) study both.
CONDITIONS = ('occluded', 'truncated')


@dataclass(frozen=True)
class GroundTruth:
    """g objects of K classes in I images, ordered by image."""

    image_ids: np.ndarray
    """(I,) rising, as the annotation file names them."""
    files: tuple[str, ...]
    """Of the images, relative to the folder that holds them."""
    category_ids: np.ndarray
    """(K,) rising, as the annotation file names them."""
    class_names: tuple[str, ...]
    """In the order of ``category_ids``."""
    groups: tuple[str, ...]
    """COCO's supercategory of each class, or its name where there is none."""
    file_order: np.ndarray
    """(K,) index of the class of each label that MMDetection gives."""
    images: np.ndarray
    """(g,) index of the image."""
    labels: np.ndarray
    """(g,) index of the class."""
    bboxes: np.ndarray
    """(g, 4) x, y, width, height in pixels of the original image."""
    areas: np.ndarray
    """(g,) in square pixels, as annotated."""
    crowd: np.ndarray
    """(g,) bool: regions where detections of the class are not judged."""
    ids: np.ndarray
    """(g,) as the annotation file names them."""
    masks: tuple[dict, ...] | None = None
    """COCO's run lengths of each object, if all of them have a mask."""
    conditions: dict[str, np.ndarray] = field(default_factory=dict)
    """(g,) bool for each of ``CONDITIONS`` that is annotated."""

    @property
    def num_images(self) -> int:
        return len(self.image_ids)

    @property
    def num_classes(self) -> int:
        return len(self.category_ids)

    @property
    def counts(self) -> np.ndarray:
        """(K,) objects of each class, crowds left out."""
        return np.bincount(self.labels[~self.crowd], minlength=self.num_classes)

    def of_image(self, image: int) -> slice:
        """Where the objects of an image stand."""
        low, high = np.searchsorted(self.images, [image, image + 1])
        return slice(int(low), int(high))


def read_ground_truth(content: dict, classes: tuple[str, ...] = ()) -> GroundTruth:
    """Objects of an annotation file in COCO format.

    Args:
        content: of the file.
        classes: names of those that count, in the order of the model's labels; all of
            the file, in its order, if there are none.

    Raises:
        ValueError: if a part is missing, an id is there twice, or an annotation is of
            an image or a category that is not there.
    """
    for key in ('images', 'categories', 'annotations'):
        if not isinstance(content.get(key), list):
            raise ValueError(f'there is no list {key!r}')
    images = sorted(content['images'], key=lambda image: image['id'])
    chosen = _chosen(content['categories'], classes)
    categories = sorted(chosen, key=lambda category: category['id'])
    image_ids, category_ids = _ids(images, 'image'), _ids(categories, 'category')
    known = {category['id'] for category in content['categories']}
    kept = _checked(content['annotations'], set(image_ids.tolist()), known)
    counted = set(category_ids.tolist())
    kept = [a for a in kept if a['category_id'] in counted]
    kept.sort(key=lambda annotation: annotation['image_id'])
    order = np.searchsorted(category_ids, [category['id'] for category in chosen])
    names = tuple(str(category['name']) for category in categories)
    return GroundTruth(
        image_ids=image_ids,
        files=tuple(str(image.get('file_name', '')) for image in images),
        category_ids=category_ids,
        class_names=names,
        groups=tuple(
            str(c.get('supercategory') or name)
            for c, name in zip(categories, names, strict=True)
        ),
        file_order=order,
        **_objects(kept, image_ids, category_ids),
        masks=_masks(kept, {image['id']: image for image in images}),
        conditions=_conditions(kept),
    )


def _chosen(categories: list[dict], classes: tuple[str, ...]) -> list[dict]:
    by_name = {category.get('name'): category for category in categories}
    absent = [name for name in classes if name not in by_name]
    if absent:
        raise ValueError(f'there is no category {absent[0]!r}')
    # MMDetection numbers classes in the order in which the file has them.
    return [c for c in categories if not classes or c['name'] in set(classes)]


def _ids(items: list[dict], name: str) -> np.ndarray:
    ids = np.array([item['id'] for item in items], dtype=np.int64)
    twice = ids[1:][ids[1:] == ids[:-1]]
    if len(twice):
        raise ValueError(f'there are two of {name} {twice[0]}')
    return ids


def _checked(annotations: list[dict], images: set, categories: set) -> list[dict]:
    for annotation in annotations:
        name = f'annotation {annotation.get("id")}'
        for key, known in (('image_id', images), ('category_id', categories)):
            if annotation.get(key) not in known:
                raise ValueError(f'{name}: {key} {annotation.get(key)} is not there')
        bbox = annotation.get('bbox')
        if bbox is None or len(bbox) != 4 or not np.isfinite(bbox).all():
            raise ValueError(f'{name} has no bbox of four numbers')
    return list(annotations)


def _objects(
    annotations: list[dict], image_ids: np.ndarray, category_ids: np.ndarray
) -> dict[str, np.ndarray]:
    bboxes = np.array([a['bbox'] for a in annotations], float).reshape(-1, 4)
    areas = [a.get('area', a['bbox'][2] * a['bbox'][3]) for a in annotations]
    places = [a['image_id'] for a in annotations]
    kinds = [a['category_id'] for a in annotations]
    return dict(
        images=np.searchsorted(image_ids, np.array(places, np.int64)),
        labels=np.searchsorted(category_ids, np.array(kinds, np.int64)),
        bboxes=bboxes,
        areas=np.array(areas, float),
        crowd=np.array([bool(a.get('iscrowd', 0)) for a in annotations], bool),
        ids=np.array([a.get('id', i) for i, a in enumerate(annotations)], np.int64),
    )


def _masks(annotations: list[dict], images: dict) -> tuple[dict, ...] | None:
    if not annotations or not all(a.get('segmentation') for a in annotations):
        return None
    return tuple(
        to_rle(a['segmentation'], images[a['image_id']], f'annotation {a.get("id")}')
        for a in annotations
    )


def to_rle(segmentation: list | dict, image: dict, name: str) -> dict:
    """COCO's run lengths of polygons, of plain or of compressed run lengths.

    Args:
        segmentation: in one of COCO's forms.
        image: with ``height`` and ``width``, which polygons need.
        name: of what it belongs to, for messages.

    Raises:
        ValueError: if it is something else, or the size is missing.
    """
    if isinstance(segmentation, dict) and not isinstance(segmentation['counts'], list):
        return segmentation
    try:
        height, width = (image[key] for key in ('height', 'width'))
        made = coco_mask.frPyObjects(segmentation, height, width)
        return coco_mask.merge(made) if isinstance(made, list) else made
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f'{name}: segmentation cannot be read: {error!r}') from error


def _conditions(annotations: list[dict]) -> dict[str, np.ndarray]:
    found = {}
    for name in CONDITIONS:
        values = [
            a.get(name, (a.get('attributes') or {}).get(name)) for a in annotations
        ]
        if any(value is not None for value in values):
            found[name] = np.array([float(value or 0) > 0 for value in values])
    return found
