"""Says what a folder holds that is not recognised as labelled images."""

import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from .content import list_images
from .yolo import has_labels

NUM_LOOKED_AT = 50


def hint(root: Path) -> str:
    """What is in the folder instead, and what to do; '' if nothing is known."""
    if has_labels(root):
        return (
            ": it looks like YOLO's format, but nothing names the classes. Add "
            'classes.txt with a name a line, in the order of the numbers, or data.yaml'
        )
    if any(map(_is_labelme, _jsons(root))):
        return ": LabelMe's files must be converted into COCO's or VOC's format first"
    images = list_images(str(root))
    if images:
        return f': {len(images)} images, such as {images[0]}, but no annotations'
    return ''


def _jsons(root: Path) -> Iterator[Path]:
    return islice(root.rglob('*.json'), NUM_LOOKED_AT)


def _is_labelme(path: Path) -> bool:
    try:
        content = json.loads(path.read_text(encoding='utf-8-sig'))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(content, dict) and {'shapes', 'imagePath'} <= content.keys()
