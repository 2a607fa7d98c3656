"""One pass over the annotations, with the rules by which they are trained on."""

import sys
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from ..folders.content import Content, plain_name
from .corners import are_corners, leaves, may_be_corners
from .findings import Finding, place_of
from .masks import check_masks

# More dropped objects than this are no accident of single ones.
MOST_DROPPED = 0.5
LARGEST_FRACTION = 1.5  # of a box written in 0..1 rather than in pixels
TINY = 4.0  # pixels at the scale of the network's input


def check_annotations(
    content: Content,
    *,
    classes: Sequence[str] | None = None,
    needs_objects: bool = True,
    renumbers: bool = True,
    needs_masks: bool = False,
    drops_maskless: bool = True,
    input_size: tuple[int, int] | None = None,
) -> list[Finding]:
    """Check a split.

    Args:
        content: of its files.
        classes: names that are trained on; None for all categories.
        needs_objects: whether it is an error that none is usable.
        renumbers: whether the dataset numbers images and objects anew, so that the
            numbers in the file cannot do harm.
        needs_masks: whether masks are trained on or measured, so that it is an error
            that one is missing or cannot be read.
        drops_maskless: whether the dataset then leaves out objects without a mask, so
            that some may lack it.
        input_size: width and height into which images are scaled for the network, to
            find tiny objects; None to skip them.
    """
    by_rule: dict[str, list[dict]] = defaultdict(list)
    images = {image['id']: image for image in content['images']}
    names = {item['id']: str(item['name']) for item in content['categories']}
    wanted = {*(names.values() if classes is None else classes), None}
    chosen, usable = [], []
    for item in content['annotations']:
        rule = _why_wrong(item, images, names)
        is_other = names.get(item['category_id']) not in wanted
        # MMDetection reads the boxes of other classes too, before it leaves them out.
        if is_other and (renumbers or rule not in SPOILING):
            continue
        chosen.append(item)
        if rule is None:
            usable.append(item)
            rule = _why_odd(item, images[item['image_id']], input_size)
        if rule is not None:
            by_rule[rule].append(item)
    findings = [
        *_numbers(content, renumbers=renumbers),
        *_names(names),
        *_shape_of_boxes(usable, by_rule, images),
        *(_finding(rule, items, images) for rule, items in by_rule.items()),
        *_doubles(usable, images),
        *check_masks(chosen, images, needed=needs_masks, drops=drops_maskless),
    ]
    counted = [item for item in usable if not item.get('iscrowd')]
    findings += _dropped(chosen, counted, by_rule, needs_objects=needs_objects)
    return sorted(findings, key=lambda finding: not finding.is_error)


# Why objects are left out, each with what to do.
WRONG = {
    'bbox': 'objects whose bbox is not four finite numbers [x, y, width, height]',
    'area': 'objects whose area is not a finite number',
    'crowd': 'objects whose iscrowd is not the number 0 or 1',
    'image': 'objects of an image that is not listed: image_id is in no image',
    'category': 'objects of a category that is not listed',
    'empty': 'boxes narrower or lower than a pixel, which are not trained on',
    'no area': 'objects of area 0, which are not trained on: leave area out or mend it',
    'outside': 'boxes outside their image, which are not trained on',
}
SPOILING = ('bbox', 'area', 'crowd')
ODD = {
    'leaving': 'boxes that leave their image by more than a pixel; they are clipped',
    'tiny': f'boxes that are below {TINY:g} px in the input of the network: raise the '
    'scale of the Resize step or cut the images into tiles',
}


def has_box(item: dict) -> bool:
    """Whether the bbox of an object is four finite numbers."""
    box = item['bbox']
    return isinstance(box, list | tuple) and len(box) == 4 and _finite(box)


def _why_wrong(item: dict, images: dict, names: dict) -> str | None:
    if not has_box(item):
        return 'bbox'
    if not _finite([item.get('area', 0)]):
        return 'area'
    if item.get('iscrowd', 0) not in (0, 1):
        return 'crowd'
    if item['image_id'] not in images:
        return 'image'
    if item['category_id'] not in names:
        return 'category'
    if min(item['bbox'][2:]) < 1:
        return 'empty'
    if item.get('area', 1) <= 0:
        return 'no area'
    image = images[item['image_id']]
    x, y, width, height = item['bbox']
    is_outside = x + width <= 0 or y + height <= 0
    is_outside |= x >= image['width'] or y >= image['height']
    return 'outside' if is_outside else None


def _why_odd(item: dict, image: dict, input_size: tuple[int, int] | None) -> str | None:
    if leaves(item['bbox'], image):
        return 'leaving'
    if input_size is None:
        return None
    sides = sorted((image['width'], image['height']))
    scale = min(
        wanted / side for wanted, side in zip(sorted(input_size), sides, strict=True)
    )
    return 'tiny' if min(item['bbox'][2:]) * scale < TINY else None


def _finite(values: Iterable[Any]) -> bool:
    return all(
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -sys.float_info.max <= value <= sys.float_info.max
        for value in values
    )


def _finding(rule: str, items: list[dict], images: dict) -> Finding:
    message = WRONG.get(rule) or ODD[rule]
    return Finding(
        rule in SPOILING,
        f'{len(items)} {message}',
        [place_of(item) for item in items],
        _images_of(items, images),
    )


def _images_of(items: list[dict], images: dict) -> list[str]:
    found = [images.get(item.get('image_id'), {}).get('file_name') for item in items]
    return list(dict.fromkeys(name for name in found if name))


def _dropped(
    chosen: list[dict],
    usable: list[dict],
    by_rule: dict[str, list[dict]],
    *,
    needs_objects: bool,
) -> list[Finding]:
    wrong = {rule: items for rule, items in by_rule.items() if rule in WRONG}
    reasons = ', '.join(
        f'{len(items)} {WRONG[rule].split(",")[0].split(":")[0]}'
        for rule, items in wrong.items()
    )
    places = [place_of(item) for items in wrong.values() for item in items]
    if not usable and needs_objects:
        crowds = sum(bool(item.get('iscrowd')) for item in chosen)
        kind = 'marked difficult' if any('difficult' in i for i in chosen) else 'crowds'
        reasons = reasons or (f'{crowds} {kind}' if crowds else 'there are none')
        message = f'none of the {len(chosen)} objects can be trained on: {reasons}'
        return [Finding(True, message, places)]
    lost = sum(len(items) for items in wrong.values())
    if lost > MOST_DROPPED * max(1, len(chosen)):
        message = f'{lost} of {len(chosen)} objects cannot be used: {reasons}'
        return [Finding(True, message, places)]
    return []


def _numbers(content: Content, *, renumbers: bool) -> list[Finding]:
    findings = []
    for section, what in (('images', 'image'), ('categories', 'category')):
        places = _repeated(content[section], 'id')
        if places:
            message = f'{len(places)} {what} ids are used twice: objects are mixed up'
            findings.append(Finding(True, message, places))
    files = _repeated(content['images'], 'file_name')
    if files:
        findings.append(Finding(True, f'{len(files)} images are listed twice', files))
    if renumbers:
        return findings
    ids = _repeated(content['annotations'], 'id')
    if ids:
        message = f'{len(ids)} annotation ids are used twice'
        findings.append(Finding(True, message, ids))
    zero = [place_of(item) for item in content['annotations'] if item.get('id') == 0]
    if zero:
        message = 'annotation id 0: evaluation takes this object for not found; count '
        findings.append(Finding(False, message + 'from 1', zero))
    return findings


def _repeated(records: list[dict], key: str) -> list[str]:
    seen, places = set(), []
    for record in records:
        value = record.get(key)
        if value is not None and value in seen:
            places.append(f'{key} {value}, {record.get("source", "")}'.rstrip(', '))
        seen.add(value)
    return places


def _names(names: dict[Any, str]) -> list[Finding]:
    findings = []
    alike: dict[str, set[str]] = defaultdict(set)
    for name in names.values():
        alike[plain_name(name)].add(name)
    pairs = [' and '.join(map(repr, sorted(n))) for n in alike.values() if len(n) > 1]
    if pairs:
        message = 'names of classes that differ in case or spaces only'
        findings.append(Finding(False, message, pairs))
    repeated = sorted({n for n in names.values() if [*names.values()].count(n) > 1})
    if repeated:
        message = 'categories of one name; they count as one class'
        findings.append(Finding(False, message, repeated))
    return findings


def _shape_of_boxes(
    usable: list[dict], by_rule: dict[str, list[dict]], images: dict
) -> list[Finding]:
    """What boxes look like that are written in another way than meant."""
    placed = [*usable, *by_rule['empty'], *by_rule['outside'], *by_rule['no area']]
    for rule in ('empty', 'outside', 'no area'):
        if not by_rule[rule]:
            del by_rule[rule]
    if not placed:
        return []
    boxes = [item['bbox'] for item in placed]
    places = [place_of(item) for item in placed]
    if max(max(box) for box in boxes) <= LARGEST_FRACTION:
        message = 'boxes are in 0..1; they must be pixels: multiply with the size'
        return [Finding(True, message, places)]
    pairs = [(item['bbox'], images[item['image_id']]) for item in placed]
    if are_corners(pairs):
        message = 'boxes look like x1, y1, x2, y2; they must be x, y, width, height'
        return [Finding(True, message, places)]
    if may_be_corners(pairs):
        message = (
            f'{len(boxes)} boxes look like x1, y1, x2, y2, though few leave their '
            'images: all are wider than x and higher than y. They must be x, y, width, '
            'height'
        )
        return [Finding(False, message, places, _images_of(placed, images))]
    return []


def _doubles(usable: list[dict], images: dict) -> list[Finding]:
    seen: set[tuple] = set()
    doubles = []
    for item in usable:
        key = (item['image_id'], item['category_id'], *item['bbox'])
        if key in seen:
            doubles.append(item)
        seen.add(key)
    if not doubles:
        return []
    message = f'{len(doubles)} objects are there twice, with the same class and box'
    places = [place_of(item) for item in doubles]
    return [Finding(False, message, places, _images_of(doubles, images))]
