"""The objects of a data set as arrays, read from an annotation file."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import numpy as np
from pycocotools import mask as coco_mask

from .checking import (
    NEGATIVE,
    check_convention,
    check_mask,
    check_numbers,
    refuse,
    remark_on_masks,
    whole_number,
)

# Written by many annotation tools; Hoiem et al. (ECCV 2012) study both.
CONDITIONS = ('occluded', 'truncated')


@dataclass(frozen=True)
class GroundTruth:
    """g objects of K classes in I images, ordered by image."""

    image_ids: np.ndarray
    """(I,) rising, as the annotation file names them."""
    files: tuple[str, ...]
    """Of the images, relative to the folder that holds them."""
    sizes: np.ndarray
    """(I, 2) width and height of the images in pixels, nan where they are unknown."""
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
    masks: tuple[dict, ...] | None = None
    """COCO's run lengths of each object, if all of them have a mask."""
    conditions: dict[str, np.ndarray] = field(default_factory=dict)
    """(g,) bool for each of ``CONDITIONS`` that is annotated."""
    remarks: tuple[str, ...] = ()
    """On what may be wrong with the annotations."""

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
    images = _by_id(content['images'], 'image')
    known = _by_id(content['categories'], 'category')
    chosen = _chosen(content['categories'], classes)
    names = {str(category['name']) for category in chosen}
    categories = {i: c for i, c in known.items() if str(c['name']) in names}
    kept = _checked(content['annotations'], images.keys(), known.keys())
    kept = [a for a in kept if a['category_id'] in categories]
    kept.sort(key=lambda annotation: annotation['image_id'])
    image_ids = np.array(list(images), np.int64)
    category_ids = np.array(list(categories), np.int64)
    sizes = np.array([_size(image) for image in images.values()]).reshape(-1, 2)
    objects = _objects(kept, image_ids, category_ids)
    masks = _masks(kept, sizes[objects['images']])
    for image, mask in zip(objects['images'], masks or (), strict=bool(masks)):
        sizes[image] = mask['size'][::-1]
    return GroundTruth(
        image_ids=image_ids,
        files=tuple(str(image.get('file_name', '')) for image in images.values()),
        sizes=sizes,
        category_ids=category_ids,
        class_names=_class_names(categories),
        groups=tuple(
            str(c.get('supercategory') or c['name']) for c in categories.values()
        ),
        file_order=np.searchsorted(category_ids, [int(c['id']) for c in chosen]),
        **objects,
        masks=masks,
        conditions=_conditions(kept),
        remarks=_remarks(kept, objects, sizes),
    )


def _by_id(items: list[dict], name: str) -> dict[int, dict]:
    """The items by rising id."""
    found: dict[int, dict] = {}
    for item in items:
        own = whole_number(item['id'], f'{name} id')
        if own in found:
            raise ValueError(f'there are two of {name} {own}')
        found[own] = item
    return dict(sorted(found.items()))


def _size(image: dict) -> list[float]:
    sides = [image.get(key, 0) for key in ('width', 'height')]
    sound = all(isinstance(side, int | float) and side > 0 for side in sides)
    return list(map(float, sides)) if sound else [np.nan, np.nan]


def _chosen(categories: list[dict], classes: tuple[str, ...]) -> list[dict]:
    by_name = {category.get('name'): category for category in categories}
    absent = [name for name in classes if name not in by_name]
    if absent:
        raise ValueError(f'there is no category {absent[0]!r}')
    # MMDetection numbers classes in the order in which the file has them.
    return [c for c in categories if not classes or c['name'] in set(classes)]


def _class_names(categories: dict[int, dict]) -> tuple[str, ...]:
    """Names of the categories; equal ones with their ids, to tell them apart."""
    names = {i: str(category['name']) for i, category in categories.items()}
    counts = Counter(names.values())
    return tuple(n if counts[n] == 1 else f'{n} (id {i})' for i, n in names.items())


def _checked(
    annotations: list[dict], images: Collection, categories: Collection
) -> list[dict]:
    for annotation in annotations:
        name = _name(annotation)
        for key, known in (('image_id', images), ('category_id', categories)):
            if annotation.get(key) not in known:
                raise ValueError(f'{name}: {key} {annotation.get(key)} is not there')
        bbox = annotation.get('bbox')
        if not isinstance(bbox, list | tuple) or len(bbox) != 4:
            raise ValueError(f'{name} has no bbox of four numbers: {bbox}')
        crowd = annotation.get('iscrowd')
        if crowd not in (0, 1, None):
            raise ValueError(f'{name}: iscrowd must be 0 or 1, got {crowd!r}')
    return list(annotations)


def _name(annotation: dict) -> str:
    return f'annotation {annotation.get("id")}'


def _objects(
    annotations: list[dict], image_ids: np.ndarray, category_ids: np.ndarray
) -> dict[str, np.ndarray]:
    bboxes = np.array([a['bbox'] for a in annotations], float).reshape(-1, 4)
    sides = bboxes[:, 2:].prod(axis=1)
    areas = [a.get('area', own) for a, own in zip(annotations, sides, strict=True)]
    places = [a['image_id'] for a in annotations]
    kinds = [a['category_id'] for a in annotations]
    return dict(
        images=np.searchsorted(image_ids, np.array(places, np.int64)),
        labels=np.searchsorted(category_ids, np.array(kinds, np.int64)),
        bboxes=bboxes,
        areas=np.array(areas, float),
        crowd=np.array([bool(a.get('iscrowd', 0)) for a in annotations], bool),
    )


def _remarks(
    annotations: list[dict], objects: dict[str, np.ndarray], sizes: np.ndarray
) -> tuple[str, ...]:
    """Refuse numbers that cannot be meant, and tell what may be wrong."""

    def name(index: int) -> str:
        return _name(annotations[index])

    bboxes, areas = objects['bboxes'], objects['areas']
    check_numbers(bboxes, np.zeros(len(bboxes)), name)
    refuse(bboxes[:, 2:].min(axis=1) < 0, name, NEGATIVE, bboxes)
    has_area = np.isfinite(areas) & (areas >= 0)
    refuse(~has_area, name, 'an area that is none', areas)
    with_mask = sum(bool(a.get('segmentation')) for a in annotations)
    return (
        *check_convention(bboxes, sizes[objects['images']], name),
        *remark_on_masks(with_mask, len(annotations), 'objects'),
    )


def _masks(annotations: list[dict], sizes: np.ndarray) -> tuple[dict, ...] | None:
    """Run lengths of all objects; ``sizes`` (g, 2) are those of their images."""
    if not annotations or not all(a.get('segmentation') for a in annotations):
        return None
    return tuple(
        to_rle(a['segmentation'], size, _name(a))
        for a, size in zip(annotations, sizes, strict=True)
    )


def to_rle(segmentation: list | dict, size: np.ndarray, name: str) -> dict:
    """COCO's run lengths of polygons, of plain or of compressed run lengths.

    Args:
        segmentation: in one of COCO's forms.
        size: (2,) width and height of the image, nan if unknown; polygons need it.
        name: of what it belongs to, for messages.

    Raises:
        ValueError: if it is something else, of another size, or the size is missing.
    """
    if isinstance(segmentation, dict):
        if not isinstance(segmentation.get('counts'), list):
            return check_mask(segmentation, size, name)
        sides = segmentation.get('size')
    elif np.isnan(size).any():
        raise ValueError(f'{name}: the image of its polygons has no width and height')
    else:
        sides = [int(side) for side in size[::-1]]
    try:
        made = coco_mask.frPyObjects(segmentation, *sides)
        made = coco_mask.merge(made) if isinstance(made, list) else made
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ValueError(f'{name}: segmentation cannot be read: {error!r}') from error
    return check_mask(made, size, name)


def _conditions(annotations: list[dict]) -> dict[str, np.ndarray]:
    found = {}
    for name in CONDITIONS:
        values = [
            a.get(name, (a.get('attributes') or {}).get(name)) for a in annotations
        ]
        if any(value is not None for value in values):
            found[name] = np.array([float(value or 0) > 0 for value in values])
    return found
