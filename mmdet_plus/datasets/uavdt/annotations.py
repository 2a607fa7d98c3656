"""Reads the annotation files of UAVDT and says them as COCO does."""

import math
from collections import defaultdict
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

CATEGORIES = {1: 'car', 2: 'truck', 3: 'bus'}
VEHICLE = dict(id=1, name='vehicle')
NUM_COLUMNS = 9


class UavdtRow(NamedTuple):
    """A line of a UAVDT text file; ``bbox`` is left, top, width, height in pixels."""

    line: int
    frame: int
    target: int
    bbox: tuple[float, float, float, float]
    out_of_view: int
    occlusion: int
    category: int


def read_rows(path: Path) -> list[UavdtRow]:
    """Rows of a ``*_gt_whole.txt`` or ``*_gt_ignore.txt`` file.

    Raises:
        ValueError: a line has other than nine numbers or a box without area; names the
            file and the line.
    """
    rows = []
    for number, line in enumerate(path.read_text().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            rows.append(_parse(number, line))
        except ValueError as error:
            raise ValueError(f'{path}, line {number}: {error}') from None
    return rows


def _parse(number: int, line: str) -> UavdtRow:
    values = [float(value) for value in line.split(',')]
    if len(values) != NUM_COLUMNS:
        raise ValueError(f'{NUM_COLUMNS} numbers expected, got {len(values)}: {line!r}')
    if not all(map(math.isfinite, values)):
        raise ValueError(f'numbers must be finite: {line!r}')
    frame, target, x, y, width, height, out_of_view, occlusion, category = values
    if width <= 0 or height <= 0:
        raise ValueError(f'width and height must be positive, got {width} x {height}')
    if frame < 1 or frame != int(frame):
        raise ValueError(f'frames are numbered from 1, got {values[0]:g}')
    return UavdtRow(
        number,
        int(frame),
        int(target),
        (x, y, width, height),
        int(out_of_view),
        int(occlusion),
        int(category),
    )


def sequence_names(split_dir: Path) -> list[str]:
    """Names of the sequences with a ``<name>_attr.txt`` in a folder of ``M_attr``."""
    suffix = '_attr.txt'
    names = sorted(path.name[: -len(suffix)] for path in split_dir.glob(f'*{suffix}'))
    if not names:
        raise ValueError(f'{split_dir} holds no file whose name ends in {suffix}')
    return names


class CocoBuilder:
    """Collects images and annotations of sequences for one COCO file.

    All categories become ``vehicle``, as in UAVDT's own evaluation; ignored regions
    become annotations with ``iscrowd`` set to 1.

    Args:
        image_root: holds a folder of ``img000001.jpg`` and so on for every sequence.
        annotation_root: holds ``<sequence>_gt_whole.txt`` and, where a sequence has
            ignored regions, ``<sequence>_gt_ignore.txt``.
    """

    def __init__(self, image_root: Path, annotation_root: Path) -> None:
        self.image_root = image_root
        self.annotation_root = annotation_root
        self.images: list[dict[str, Any]] = []
        self.annotations: list[dict[str, Any]] = []

    def add_sequence(self, name: str) -> None:
        """Add all frames of a sequence, also those without vehicles.

        Raises:
            ValueError: a file is missing or malformed, or names a frame without image.
        """
        frames = self._frames(name)
        vehicles = self._rows_by_frame(name, 'whole', frames)
        ignored = self._rows_by_frame(name, 'ignore', frames)
        for frame, path in sorted(frames.items()):
            with Image.open(path) as image:
                width, height = image.size
            image_id = len(self.images) + 1
            self.images.append(
                dict(
                    id=image_id,
                    file_name=path.relative_to(self.image_root).as_posix(),
                    width=width,
                    height=height,
                )
            )
            for row in vehicles[frame]:
                self._add_box(image_id, row, ignore=False)
            for row in ignored[frame]:
                self._add_box(image_id, row, ignore=True)

    def result(self) -> dict[str, list[dict[str, Any]]]:
        """The content of the COCO file."""
        return dict(
            images=self.images, annotations=self.annotations, categories=[VEHICLE]
        )

    def _frames(self, name: str) -> dict[int, Path]:
        folder = self.image_root / name
        frames = {
            int(path.stem[3:]): path
            for path in folder.glob('img[0-9]*.jpg')
            if path.stem[3:].isdecimal()
        }
        if not frames:
            raise ValueError(f'{folder} holds no image such as img000001.jpg')
        return frames

    def _rows_by_frame(
        self, name: str, kind: str, frames: dict[int, Path]
    ) -> dict[int, list[UavdtRow]]:
        path = self.annotation_root / f'{name}_gt_{kind}.txt'
        by_frame: dict[int, list[UavdtRow]] = defaultdict(list)
        if not path.is_file():
            if kind == 'whole':
                raise ValueError(f'{path} does not exist')
            return by_frame
        for row in read_rows(path):
            if row.frame not in frames:
                raise ValueError(
                    f'{path}, line {row.line}: frame {row.frame}, and '
                    f'{self.image_root / name} has no img{row.frame:06d}.jpg'
                )
            if kind == 'whole' and row.category not in CATEGORIES:
                raise ValueError(
                    f'{path}, line {row.line}: category must be one of '
                    f'{list(CATEGORIES)}, got {row.category}'
                )
            by_frame[row.frame].append(row)
        return by_frame

    def _add_box(self, image_id: int, row: UavdtRow, *, ignore: bool) -> None:
        x, y, width, height = row.bbox
        self.annotations.append(
            dict(
                id=len(self.annotations) + 1,
                image_id=image_id,
                category_id=VEHICLE['id'],
                bbox=[x, y, width, height],
                area=width * height,
                iscrowd=int(ignore),
                segmentation=[],
            )
        )
