"""Says what a folder holds that is not recognised as labelled images."""

import json
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from .content import OTHER_SUFFIXES, list_images
from .yolo import has_labels

NUM_LOOKED_AT = 50
LONGEST_JSON = 2**26  # bytes that are parsed for a hint
CONVERT = "must be converted into COCO's, VOC's or YOLO's format first"
# Files of other tools by what their name ends with.
OTHER_FILES = {
    '_annotations.csv': f'tables (_annotations.csv) {CONVERT}',
    '.tfrecord': f'TFRecord files {CONVERT}',
    '.createml.json': f"CreateML's files {CONVERT}",
}


def hint(root: Path) -> str:
    """What is in the folder instead, and what to do; '' if nothing is known."""
    if has_labels(root):
        return (
            ": it looks like YOLO's format, but nothing names the classes. Add "
            'classes.txt with a name a line, in the order of the numbers, or data.yaml'
        )
    other = _of_other_tool(root)
    if other:
        return f': {other}'
    images = list_images(str(root))
    if images:
        return f': {len(images)} images, such as {images[0]}, but no annotations'
    unread = list_images(str(root), OTHER_SUFFIXES)
    if unread:
        return (
            f': {len(unread)} images of types that are not read, such as {unread[0]}; '
            'save them as .jpg or .png'
        )
    return ''


def _of_other_tool(root: Path) -> str | None:
    for ending, advice in OTHER_FILES.items():
        if any(root.rglob(f'*{ending}')):
            return advice
    for path in islice(root.rglob('*.json'), NUM_LOOKED_AT):
        for is_own, advice in OTHER_JSON:
            if is_own(_parsed(path)):
                return advice
    return None


def _parsed(path: Path) -> Any:
    try:
        is_long = path.stat().st_size > LONGEST_JSON
        return None if is_long else json.loads(path.read_text(encoding='utf-8-sig'))
    except (OSError, ValueError, RecursionError):
        return None


def _has(*keys: str) -> Callable[[Any], bool]:
    return lambda content: isinstance(content, dict) and set(keys) <= content.keys()


def _is_list_with(key: str) -> Callable[[Any], bool]:
    return lambda content: isinstance(content, list) and any(
        isinstance(item, dict) and key in item for item in content[:1]
    )


def _has_regions(content: Any) -> bool:
    values = content.values() if isinstance(content, dict) else ()
    return any(isinstance(v, dict) and 'regions' in v for v in islice(values, 1))


FIFTYONE = (
    "FiftyOne's own export is not read: export COCO "
    '(dataset_type=fo.types.COCODetectionDataset), a folder a split'
)
# How to tell files of other tools, and what to do with them.
OTHER_JSON: tuple[tuple[Callable[[Any], bool], str], ...] = (
    (_has('shapes', 'imagePath'), f"LabelMe's files {CONVERT}"),
    (_has('samples'), FIFTYONE),
    (_has('classes', 'labels'), FIFTYONE),
    (_has('_via_img_metadata'), f"VIA's project {CONVERT}"),
    (_has_regions, f"VIA's annotations {CONVERT}"),
    (_is_list_with('annotations'), "Label Studio's JSON is not read: export COCO"),
    (_has('classTitle'), f"Supervisely's files {CONVERT}"),
    (_has('objects', 'size'), f"Supervisely's files {CONVERT}"),
)


def folders_below(root: Path) -> Iterator[Path]:
    """Folders in which data may lie that were looked for one or two levels above."""
    for pattern in ('*/', '*/*/'):
        yield from islice(sorted(root.glob(pattern)), NUM_LOOKED_AT)
