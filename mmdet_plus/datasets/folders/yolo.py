"""Data in YOLO's format: a text file for each image, and ``data.yaml``."""

import math
import os.path as osp
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from .base import FolderDataset
from .coco import SPLIT_NAMES
from .content import (
    IMAGE_SUFFIXES,
    OTHER_SUFFIXES,
    Content,
    area_of,
    bbox_of,
    image_size,
    leave_out,
    list_images,
    read_text,
)
from .yolo_description import (
    YAML_SUFFIXES,
    class_names,
    data_root_of,
    description_files,
    read_description,
    split_places,
)
from .yolo_poses import hint_of_pose, numbers_of_points, without_points

# Six decimals of an image of up to 5000 px say a hundredth of a pixel.
DECIMALS = 2
MIN_POLYGON = 6  # numbers after the class
# So much larger than 1 are numbers that are pixels, and no slips.
LEAST_PIXELS, MOST_IN_PIXELS = 2.0, 0.5


@DATASETS.register_module()
class YOLODataset(FolderDataset):
    """Data in YOLO's format: boxes ``class cx cy w h`` or polygons, in [0, 1].

    A line with at least three corners is a polygon; its box lies tight around it. Of
    poses, which ``kpt_shape`` in ``data.yaml`` tells, boxes are read, points left out.
    Coordinates are rounded to hundredths of a pixel.

    Args:
        args: ``ann_file`` is ``data.yaml``, or a text file with the names of the
            classes, one a line, where there is none.
        split: ``'train'``, ``'val'`` or ``'test'``; ``'all'`` where there are none.
        kwargs: as ``FolderDataset`` takes them.
    """

    def __init__(self, *args: Any, split: str = 'train', **kwargs: Any) -> None:
        self.split = split
        super().__init__(*args, **kwargs)

    def content(self) -> Content:
        """See ``FolderDataset``."""
        description = read_description(Path(self.ann_file))
        root = data_root_of(Path(self.ann_file))
        places = split_places(description, root, self.split)
        files = [file for place in places for file in _images_at(place)]
        if not files:
            raise UserError(
                f'{self.ann_file}: the split {self.split!r} has no images in '
                f'{", ".join(map(str, places)) or root}'
            )
        content: Content = dict(images=[], annotations=[], categories=[])
        names = class_names(description, self.ann_file)
        points = numbers_of_points(description, self.ann_file)
        content['categories'] = [dict(id=i, name=name) for i, name in enumerate(names)]
        for number, file in enumerate(files, 1):
            width, height = _size_or_nothing(str(file))
            shown = osp.relpath(file, self.data_prefix.get('img') or '.')
            content['images'].append(
                dict(
                    id=number,
                    file_name=shown,
                    width=width,
                    height=height,
                    source=str(label_file(file)),
                )
            )
            path = label_file(file)
            labels = read_labels(path, len(names), width, height, points)
            for item in labels if width else ():
                content['annotations'].append(dict(item, image_id=number))
        _check_any_labels(files)
        _check_are_parts(content)
        return content


def label_file(image: Path) -> Path:
    """The text file of an image: beside it, or under ``labels`` for ``images``."""
    parts, beside = list(image.parts), image.with_suffix('.txt')
    for index in range(len(parts) - 2, -1, -1):
        if parts[index] == 'images':
            parts[index] = 'labels'
            usual = Path(*parts).with_suffix('.txt')
            return beside if beside.is_file() and not usual.is_file() else usual
    return beside


def read_labels(
    path: Path, num_classes: int, width: int, height: int, num_points: int = 0
) -> list[dict[str, Any]]:
    """The objects of an image; none if it has no file.

    Args:
        path: of the text file.
        num_classes: how many classes have names.
        width: of the image.
        height: of the image.
        num_points: how many numbers of points stand behind each box, of poses.

    Raises:
        UserError: for a line that is neither a box nor a polygon; says which.
    """
    if not path.is_file():
        return []
    lines = read_text(path).splitlines()
    return [
        _read_line(
            line.split(),
            f'{path}, line {number}',
            num_classes,
            (width, height),
            num_points,
        )
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]


def _read_line(
    words: list[str],
    source: str,
    num_classes: int,
    size: tuple[int, int],
    num_points: int,
) -> dict[str, Any]:
    try:
        label, *numbers = (float(word) for word in words)
    except ValueError:
        raise UserError(
            f'{source}: {" ".join(words)!r} are not all numbers; write the number of '
            'the class and parts of the image between spaces, "0 0.5 0.5 0.2 0.1"'
        ) from None
    if not all(map(math.isfinite, (label, *numbers))):
        raise UserError(f'{source}: {" ".join(words)!r} are not all finite')
    if label % 1 or not 0 <= label < num_classes:
        raise UserError(
            f'{source}: class {words[0]} is not one of 0 to {num_classes - 1}, which '
            'have names'
        )
    if num_points:
        numbers = without_points(numbers, num_points, source)
    is_polygon = len(numbers) >= MIN_POLYGON and len(numbers) % 2 == 0
    if len(numbers) != 4 and not is_polygon:
        raise UserError(
            f'{source} has {len(words)} numbers; a box is "class cx cy w h", a polygon '
            '"class x y x y x y ..."; take confidences and numbers of tracks out'
            + hint_of_pose(numbers)
        )
    item: dict[str, Any] = dict(category_id=int(label), iscrowd=0, source=source)
    return item | (_polygon if is_polygon else _box)(numbers, size)


def _polygon(numbers: list[float], size: tuple[int, int]) -> dict[str, Any]:
    sides = [*size] * (len(numbers) // 2)
    polygon = [
        round(n * side, DECIMALS) for n, side in zip(numbers, sides, strict=True)
    ]
    return dict(bbox=bbox_of(polygon), area=area_of(polygon), segmentation=[polygon])


def _box(numbers: list[float], size: tuple[int, int]) -> dict[str, Any]:
    x, y, w, h = numbers
    width, height = size
    left, right = (x - w / 2) * width, (x + w / 2) * width
    top, bottom = (y - h / 2) * height, (y + h / 2) * height
    left, top, right, bottom = (round(v, DECIMALS) for v in (left, top, right, bottom))
    box = [left, top, right - left, bottom - top]
    return dict(bbox=box, area=box[2] * box[3])


def find(
    root: Path, remarks: list[str], needed: Sequence[str] = ('train', 'val')
) -> dict[str, dict]:
    """The splits of a folder in YOLO's format, each as a dataset's arguments.

    Args:
        root: with ``data.yaml``, or with ``classes.txt`` and the usual folders.
        remarks: to which is added what a user wants to know about the files.
        needed: splits that must not be broken.
    """
    for name in description_files(root):
        description = read_description(root / name)
        told: list[str] = []
        found = []
        for split in SPLIT_NAMES:
            try:
                found += [split] if split_places(description, root, split, told) else []
            except UserError as error:
                leave_out(split, error, needed, told)
        if not found and split_places(description, root, 'all'):
            found = ['all']
        if found and (name.endswith(YAML_SUFFIXES) or has_labels(root)):
            remarks += told
            if numbers_of_points(description, str(root / name)):
                remarks.append(
                    f'{name} has kpt_shape: boxes are read, the points behind them are '
                    'left out'
                )
            fixed = dict(type='YOLODataset', ann_file=name, data_prefix=dict(img=''))
            return {split: dict(fixed, split=split) for split in found}
    return {}


def has_labels(root: Path) -> bool:
    """Whether an image of a folder, or of those below it, has a text file."""
    images = list_images(str(root))
    return any(label_file(root / image).is_file() for image in images)


def _images_at(place: Path) -> list[Path]:
    if not place.is_file():
        return [place / name for name in list_images(str(place))]
    lines = enumerate(map(str.strip, read_text(place).splitlines()), 1)
    return [_listed_image(place, line, number) for number, line in lines if line]


def _listed_image(place: Path, line: str, number: int) -> Path:
    """An image of a list, also if the list was written for a folder above."""
    if not line.lower().endswith((*IMAGE_SUFFIXES, *OTHER_SUFFIXES)):
        raise UserError(
            f'{place}, line {number}: {line!r} is no image; a list of images has the '
            'path of one in each line'
        )
    folder = place.parent
    parts = Path(line).parts
    tries = [folder / line, *(folder / Path(*parts[n:]) for n in range(1, len(parts)))]
    return next((path for path in tries if path.is_file()), tries[0])


def _size_or_nothing(path: str) -> tuple[int, int]:
    """0, 0 for a broken image: the check of the images names all of them."""
    try:
        return image_size(path)
    except UserError:
        return 0, 0


def _check_are_parts(content: Content) -> None:
    """Raise ``UserError`` if most labels are in pixels, not in parts of the image."""
    images = {image['id']: image for image in content['images']}
    boxes = [(a, a['bbox'], images[a['image_id']]) for a in content['annotations']]
    large = [
        item['source']
        for item, (x, y, width, height), image in boxes
        if x + width > LEAST_PIXELS * image['width']
        or y + height > LEAST_PIXELS * image['height']
    ]
    if len(large) > MOST_IN_PIXELS * len(boxes):
        raise UserError(
            f'{large[0]}: labels must be parts of the image, from 0 to 1; {len(large)} '
            f'of {len(boxes)} are far above, as pixels are: divide x and width by the '
            'width of the image, y and height by its height'
        )


def _check_any_labels(files: list[Path]) -> None:
    if not any(label_file(file).is_file() for file in files):
        raise UserError(
            f'none of the {len(files)} images beside {files[0]} has a label file; '
            f'looked for {label_file(files[0])} and so on'
        )
