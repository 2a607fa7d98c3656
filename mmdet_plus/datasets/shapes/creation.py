"""Puts the data set "shapes" on disk: all of it or nothing."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

import cv2
from numpy import ndarray

from mmdet_plus.whole_files import folder_written_whole

from .formats import LAYOUTS, ImageRecord, Splits, describe_object
from .generation import draw_scene
from .recipes import RECIPES

IMAGE_SIZES = (32, 4096)
JPEG_QUALITY = 95
META_FILE = 'meta.json'

Task = tuple[str, int]


@dataclass(frozen=True)
class ShapesSpec:
    """Everything that fixes the content of a data set.

    Args:
        num_train: training images, at least 1.
        num_val: validation images, at least 1.
        image_size: height and width in pixels, within ``IMAGE_SIZES``.
        seed: not negative.
        format: one of ``LAYOUTS``.
        version: one of ``RECIPES``.
    """

    num_train: int = 400
    num_val: int = 100
    image_size: int = 256
    seed: int = 0
    format: str = 'coco'
    version: int = 1

    def __post_init__(self) -> None:
        for name in ('num_train', 'num_val'):
            if getattr(self, name) < 1:
                raise ValueError(f'{name} must be positive, got {getattr(self, name)}')
        smallest, largest = IMAGE_SIZES
        if not smallest <= self.image_size <= largest:
            raise ValueError(
                f'image_size must be in [{smallest}, {largest}], got {self.image_size}'
            )
        if self.seed < 0:
            raise ValueError(f'seed must not be negative, got {self.seed}')
        if self.format not in LAYOUTS:
            raise ValueError(f'format must be in {[*LAYOUTS]}, got {self.format!r}')
        if self.version not in RECIPES:
            raise ValueError(f'version must be in {[*RECIPES]}, got {self.version!r}')

    @property
    def meta(self) -> dict:
        """What ``meta.json`` holds: the arguments and who drew."""
        return dict(generator='shapes', **asdict(self))

    @property
    def tasks(self) -> list[Task]:
        """Split and position of every image."""
        counts = dict(train=self.num_train, val=self.num_val)
        return [(split, i) for split, num in counts.items() for i in range(num)]


def create_shapes(
    out_dir: Path,
    spec: ShapesSpec,
    *,
    overwrite: bool = False,
    track: Callable[[list[Task]], Iterable[Task]] = iter,
) -> bool:
    """Draw a data set and write it to ``out_dir``, unless it is there already.

    Args:
        out_dir: must be absent, empty, or hold the same data.
        spec: what to draw.
        overwrite: replace other data of this generator; foreign files never are.
        track: wraps the list of images, to show progress.

    Returns:
        Whether anything was written.
    """
    out_dir = out_dir.resolve()
    if _is_ready(out_dir, spec, overwrite=overwrite):
        return False
    with folder_written_whole(out_dir) as part:
        _write(part, spec, track)
    return True


def _is_ready(out_dir: Path, spec: ShapesSpec, *, overwrite: bool) -> bool:
    """Whether the data exist; raises ``FileExistsError`` if something is in the way."""
    if not out_dir.exists():
        return False
    if not out_dir.is_dir():
        raise FileExistsError(f'{out_dir} is not a folder')
    if not any(out_dir.iterdir()):
        return False
    found = _read_meta(out_dir)
    if found.get('generator') != 'shapes':
        raise FileExistsError(f'{out_dir} holds other files; choose another folder')
    if not overwrite and found != spec.meta:
        raise FileExistsError(
            f'{out_dir} holds shapes drawn with other arguments (see {META_FILE}); '
            'choose another folder or pass --overwrite'
        )
    return not overwrite


def _read_meta(out_dir: Path) -> dict:
    try:
        content = json.loads((out_dir / META_FILE).read_text())
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _write(
    root: Path, spec: ShapesSpec, track: Callable[[list[Task]], Iterable[Task]]
) -> None:
    layout = LAYOUTS[spec.format]
    splits: Splits = dict(train=[], val=[])
    for split in splits:
        (root / layout.image_dir.format(split=split)).mkdir(parents=True, exist_ok=True)
    for split, index in track(spec.tasks):
        scene = draw_scene(spec.seed, split, index, spec.image_size, spec.version)
        height, width = scene.image.shape[:2]
        objects = [describe_object(instance) for instance in scene.instances]
        record = ImageRecord(f'{split}_{index:06d}', width, height, objects)
        image_dir = root / layout.image_dir.format(split=split)
        (image_dir / f'{record.name}.jpg').write_bytes(encode_jpeg(scene.image))
        splits[split].append(record)
    layout.write(root, splits)
    (root / META_FILE).write_text(json.dumps(spec.meta, indent=2) + '\n')


def encode_jpeg(image: ndarray) -> bytes:
    """JPEG file content of an image (h, w, 3) uint8 BGR."""
    done, content = cv2.imencode(
        '.jpg', image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY]
    )
    assert done
    return content.tobytes()
