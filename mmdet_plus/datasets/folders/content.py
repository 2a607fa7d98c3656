"""What all formats are read as: the lists of a COCO file, with where each record is."""

import hashlib
import os
import os.path as osp
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate
from typing import Any

from PIL import Image

from mmdet_plus.errors import UserError

from .copies import copies

# ``images``, ``annotations`` and ``categories`` as in a COCO file. A record's
# ``source`` says where it stands, for messages.
Content = dict[str, list[dict[str, Any]]]

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp', '.ppm')
# Of images that are told, as they must be converted or renamed before they are read.
OTHER_SUFFIXES = (
    *('.jfif', '.jpe', '.pjpeg', '.jp2', '.j2k', '.jxl', '.gif', '.heic', '.heif'),
    *('.avif', '.pgm', '.pbm', '.pnm', '.pcx', '.tga', '.psd', '.ico', '.svg', '.exr'),
    *('.hdr', '.dng', '.raw', '.cr2', '.cr3', '.nef', '.arw', '.dcm', '.npy'),
)
# Held out for validation where nobody says how many.
VAL_FRACTION, SPLIT_SEED = 0.2, 0
EXIF_ORIENTATION = 0x0112
SIDEWAYS = (5, 6, 7, 8)  # orientations that exchange width and height
# OpenCV, which reads the images, turns no others; of TIFF Pillow tells the turned size.
EXIF_TURNED_FORMATS = ('JPEG', 'MPO', 'PNG')


def read_text(path: str | os.PathLike[str]) -> str:
    """A text file, without the mark that some editors put at its start.

    Raises:
        UserError: for a file that cannot be read or is not in UTF-8.
    """
    try:
        with open(path, encoding='utf-8-sig') as file:
            return file.read()
    except UnicodeDecodeError as error:
        raise UserError(
            f'{path} cannot be read: it is not in UTF-8 (byte {error.start}); save it '
            'as UTF-8'
        ) from error
    except OSError as error:
        raise UserError(f'{path} cannot be read: {error.strerror or error}') from error


def list_images(folder: str, suffixes: tuple[str, ...] = IMAGE_SUFFIXES) -> list[str]:
    """Paths of the images of a folder and the folders below it, sorted, relative."""
    found = []
    for place, _, names in os.walk(folder):
        for name in names:
            if name.lower().endswith(suffixes) and not name.startswith('.'):
                found.append(osp.relpath(osp.join(place, name), folder))
    return sorted(found)


@lru_cache(maxsize=2**18)
def image_size(path: str) -> tuple[int, int]:
    """Width and height of an image as it is shown: turned as its EXIF data say.

    Raises:
        UserError: for a file that is missing or no image.
    """
    try:
        with Image.open(path) as image:
            width, height = image.size
            turned = orientation(image) in SIDEWAYS
            turned = turned and image.format in EXIF_TURNED_FORMATS
    except FileNotFoundError:
        raise UserError(f'image {path} does not exist') from None
    except Image.DecompressionBombError as error:
        raise UserError(
            f'image {path} has too many pixels ({2 * (Image.MAX_IMAGE_PIXELS or 0)} '
            'are the most that Pillow opens): cut it into tiles or scale it down'
        ) from error
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise UserError(f'image {path} cannot be read: {reason}') from error
    return (height, width) if turned else (width, height)


def orientation(image: Image.Image) -> int:
    """How an image that was opened is turned by its EXIF data; 1 is upright."""
    if image.format == 'PNG' and 'exif' not in image.info:
        return 1  # Pillow would decode all of it to look behind the pixels
    return image.getexif().get(EXIF_ORIENTATION, 1)


def bbox_of(polygon: Sequence[float]) -> list[float]:
    """The box [x, y, w, h] around a polygon [x, y, x, y, ...]."""
    x, y = min(polygon[::2]), min(polygon[1::2])
    return [x, y, max(polygon[::2]) - x, max(polygon[1::2]) - y]


def area_of(polygon: Sequence[float]) -> float:
    """The area of a polygon [x, y, x, y, ...]."""
    xs, ys = polygon[::2], polygon[1::2]
    pairs = zip(xs, ys, [*xs[1:], xs[0]], [*ys[1:], ys[0]], strict=True)
    return abs(sum(x * next_y - next_x * y for x, y, next_x, next_y in pairs)) / 2


def plain_name(name: str) -> str:
    """A class name without what tells no classes apart: case and more spaces."""
    return ' '.join(name.lower().split())


def hold_out(
    content: Content,
    folder: str,
    *,
    keep: str,
    fraction: float = VAL_FRACTION,
    seed: int = SPLIT_SEED,
) -> Content:
    """One of two parts of the images, which their names decide, whatever the format.

    Copies of an image stay with it, or what is measured would be trained on.

    Args:
        content: of data without a validation split; not changed.
        folder: of the images.
        keep: ``'train'`` or ``'val'``.
        fraction: of the images that are for validation, at least one.
        seed: of the division.
    """

    def rank(image: dict[str, Any]) -> tuple[str, str]:
        name = osp.splitext(osp.basename(image['file_name']))[0]
        return hashlib.sha256(f'{seed}:{name}'.encode()).hexdigest(), name

    ranked = sorted(content['images'], key=rank)
    number = max(1, round(len(ranked) * fraction))
    groups = _with_copies(ranked, folder)
    before = accumulate(map(len, groups), initial=0)
    chosen = [
        image
        for group, count in zip(groups, before, strict=False)
        for image in group
        if (count < number) == (keep == 'val')
    ]
    ids = {image['id'] for image in chosen}
    kept = [item for item in content['annotations'] if item['image_id'] in ids]
    return dict(content, images=chosen, annotations=kept)


def _with_copies(
    images: Sequence[dict[str, Any]], folder: str
) -> list[list[dict[str, Any]]]:
    """Groups of images that are copies, in the order of the first of each."""
    paths = [osp.join(folder, image['file_name']) for image in images]
    first = {path: group[0] for group in copies(paths) for path in group}
    groups: dict[str, list[dict[str, Any]]] = {}
    for path, image in zip(paths, images, strict=True):
        groups.setdefault(first.get(path, path), []).append(image)
    return [*groups.values()]


def number_anew(content: Content, classes: Sequence[str]) -> Content:
    """The content with exactly these classes, in this order, and everything numbered.

    Images are in the order of their names. Objects of other classes are left out, and
    so are those whose image or category the content does not have.

    Args:
        content: not changed.
        classes: names; one that the content does not have gets no objects.
    """
    images = sorted(content['images'], key=lambda image: image['file_name'])
    image_ids = {image['id']: number for number, image in enumerate(images, 1)}
    numbers = {name: number for number, name in enumerate(classes, 1)}
    labels = {
        item['id']: numbers[item['name']]
        for item in content['categories']
        if item['name'] in numbers
    }
    placed = [
        dict(
            item,
            image_id=image_ids[item['image_id']],
            category_id=labels[item['category_id']],
        )
        for item in content['annotations']
        if item['image_id'] in image_ids and item['category_id'] in labels
    ]
    return dict(
        images=[dict(image, id=number) for number, image in enumerate(images, 1)],
        annotations=[dict(item, id=number) for number, item in enumerate(placed, 1)],
        categories=[dict(id=number, name=name) for name, number in numbers.items()],
    )


def used_names(content: Content) -> list[str]:
    """The names of the categories, each once, in the order of their ids.

    A category that is only the parent of others, as some tools export it, is no class.
    """
    used = {item['category_id'] for item in content['annotations']}
    parents = {
        str(item.get('supercategory', ''))
        for item in content['categories']
        if item.get('supercategory') != item['name']
    }
    ordered = sorted(content['categories'], key=lambda item: str(item['id']).zfill(12))
    names = [
        str(item['name'])
        for item in ordered
        if item['id'] in used or item['name'] not in parents
    ]
    return list(dict.fromkeys(names))


def leave_out(
    split: str, error: UserError, needed: Sequence[str], remarks: list[str]
) -> None:
    """Tell that a split is left out, or raise its error if it is needed."""
    if split in needed or split == 'all':
        raise error
    remarks.append(f'the {split} split is left out: {error}')


def first_existing(paths: Iterable[str]) -> str | None:
    """The first path that exists."""
    return next((path for path in paths if osp.exists(path)), None)
