"""Data in PASCAL VOC's format: an XML file for each image."""

import math
import os
import os.path as osp
import re
import xml.etree.ElementTree as ET
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

from mmdet.registry import DATASETS

from mmdet_plus.errors import UserError

from .base import FolderDataset
from .coco import SPLIT_NAMES, split_of
from .content import IMAGE_SUFFIXES, Content, image_size, list_images, read_text

CORNERS = ('xmin', 'ymin', 'xmax', 'ymax')
ANNOTATION_FOLDERS = ('Annotations', 'annotations', 'labels')
IMAGE_FOLDERS = ('JPEGImages', 'images', 'Images', 'data')
# Of files: 0 in fewer is a slip. Fractions in fewer are no proof, VOC2012 has some.
LEAST_ZEROS, LEAST_FILES_OF_ZEROS, LEAST_FRACTIONS = 0.02, 2, 0.5
NUM_EXAMPLES = 3
TRUE = ('1', 'true', 'yes')
NUMBER = re.compile(r'\s+-?[01]$')  # behind names of lists
DEVKIT = re.compile(r'^VOC20\d\d$')  # folders of VOCdevkit


@DATASETS.register_module()
class VOCFolderDataset(FolderDataset):
    """Data in PASCAL VOC's format, with images of any usual type.

    Objects marked ``difficult`` are ignored as crowds of COCO are.

    Args:
        args: ``ann_file`` is an image set such as ``ImageSets/Main/train.txt``, or
            empty for all annotation files. ``data_prefix`` has the folders ``img``, by
            default ``JPEGImages``, and ``ann``, by default ``Annotations``.
        first_pixel: number of the first pixel of a row. As in PASCAL VOC it is 1, and
            xmax names the last pixel inside. 0 for tools that write corners as
            distances.
        but: an image set below ``data_root`` whose images are left out; empty for none.
        kwargs: as ``FolderDataset`` takes them.
    """

    PREFIX: ClassVar[dict[str, str]] = dict(img='JPEGImages', ann='Annotations')

    def __init__(
        self, *args: Any, first_pixel: int = 1, but: str = '', **kwargs: Any
    ) -> None:
        self.first_pixel = first_pixel
        self.but = but
        super().__init__(*args, **kwargs)

    def content(self) -> Content:
        """See ``FolderDataset``."""
        folder, root = self.data_prefix['ann'], self.data_root or ''
        content: Content = dict(images=[], annotations=[], categories=[])
        ids: dict[str, int] = {}
        for number, name in enumerate(self._names(), 1):
            path = osp.join(folder, f'{name}.xml')
            tree = read_tree(path, self.ann_file)
            file = _image_file(self.data_prefix['img'], name, tree, path)
            width, height = _size(tree, file)
            shown = osp.relpath(file, self.data_prefix['img'])
            content['images'].append(
                dict(
                    id=number, file_name=shown, width=width, height=height, source=path
                )
            )
            for index, item in enumerate(tree.findall('object')):
                source = f'{path}, object[{index}]'
                label = ids.setdefault(object_name(item, source), len(ids) + 1)
                content['annotations'].append(
                    _annotation(item, source, self.first_pixel)
                    | dict(image_id=number, category_id=label)
                )
        content['categories'] = [dict(id=i, name=name) for name, i in ids.items()]
        if not content['images']:
            raise UserError(f'{self.ann_file or root} lists no images')
        return _sorted_by_name(content)

    def _names(self) -> list[str]:
        names = _names(self.ann_file, self.data_prefix['ann'])
        path = osp.join(self.data_root or '', self.but)
        others = set(_names(path, self.data_prefix['ann'])) if self.but else set()
        return [name for name in names if name not in others]


def read_tree(path: str, listed_in: str = '') -> ET.Element:
    """The root of an annotation file.

    Args:
        path: of the file.
        listed_in: the image set that names it, for the message.
    """
    try:
        tree = ET.parse(path).getroot()
    except ET.ParseError as error:
        raise UserError(f'annotation file {path} is not valid XML: {error}') from error
    except FileNotFoundError:
        place = f', for a line of {listed_in},' if listed_in else ''
        raise UserError(
            f'annotation file {path}{place} does not exist; add it or take the line out'
        ) from None
    except (OSError, ValueError, LookupError) as error:  # of unknown encodings
        raise UserError(f'annotation file {path} cannot be read: {error}') from error
    if tree.tag != 'annotation':
        is_cvat = tree.tag == 'annotations'
        hint = "; CVAT's own XML is not read: export COCO or YOLO" if is_cvat else ''
        raise UserError(
            f'annotation file {path} is not in VOC format: it begins with '
            f'<{tree.tag}>, not with <annotation>{hint}'
        )
    return tree


def object_name(item: ET.Element, source: str) -> str:
    """The class of an object; ``source`` says where it stands."""
    name = (item.findtext('name') or '').strip()
    if not name:
        raise UserError(f'{source} has no name')
    return name


def object_corners(item: ET.Element, source: str) -> list[float]:
    """Its xmin, ymin, xmax and ymax, as they are written."""
    if item.find('robndbox') is not None:
        raise UserError(
            f'{source} is a rotated box (robndbox): only upright ones (bndbox) are '
            'read; label it anew, or write the box around it'
        )
    corners = []
    for tag in CORNERS:
        text = item.findtext(f'bndbox/{tag}')
        if text is None:
            raise UserError(f'{source} lacks bndbox/{tag}')
        try:
            value = float(text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            raise UserError(f'{source}: {tag} must be a number, got {text!r}')
        corners.append(value)
    return corners


def read_image_set(path: str, folder: str) -> list[str]:
    """The names of the annotation files that an image set lists.

    Args:
        path: of the image set. A line is a name, or the name or path of an image; the
            1, 0 or -1 behind it, which lists of single classes have, is left out, as is
            what else stands there.
        folder: of the annotation files.
    """
    lines = filter(None, map(str.strip, read_text(path).splitlines()))
    return [_name_of_line(line, folder) for line in lines]


def _name_of_line(line: str, folder: str) -> str:
    without_number = NUMBER.sub('', line)
    for text in (line, without_number, line.split()[0]):
        for name in _with_and_without_suffix(text):
            parts = Path(name).parts
            for start in range(len(parts)):
                shorter = osp.join(*parts[start:])
                if osp.isfile(osp.join(folder, f'{shorter}.xml')):
                    return shorter
    return _with_and_without_suffix(without_number)[-1]


def _with_and_without_suffix(text: str) -> tuple[str, ...]:
    stem, suffix = osp.splitext(text)
    return (text, stem) if suffix.lower() in IMAGE_SUFFIXES else (text,)


def find(
    root: Path, remarks: list[str], _needed: Sequence[str] = ('train', 'val')
) -> dict[str, dict]:
    """The splits of a folder in VOC's format, each as a dataset's arguments.

    Args:
        root: with ``Annotations/`` (and ``ImageSets/Main/*.txt``), in it or in one
            folder a split, or with XML files beside the images likewise.
        remarks: to which is added what a user wants to know about the files.

    Raises:
        UserError: if two folders are of one split.
    """
    splits = _splits(root, remarks)
    folders = {root / split['data_prefix']['ann'] for split in splits.values()}
    paths = [
        path for folder in sorted(folders) for path in sorted(folder.glob('*.xml'))
    ]
    if not _counts_from_zero(paths, remarks):
        return splits
    return {name: dict(split, first_pixel=0) for name, split in splits.items()}


def _splits(root: Path, remarks: list[str]) -> dict[str, dict]:
    places = [root, *(path for path in sorted(root.iterdir()) if path.is_dir())]
    found = {
        place: name
        for place in places
        for name in reversed(ANNOTATION_FOLDERS)
        if any((place / name).glob('*.xml'))
    }
    if root in found:
        return _with_sets(root, root, found[root], remarks)
    if len(found) == 1:
        ((place, name),) = found.items()
        is_all = _is_all_data(place, places[1:])
        return _with_sets(root, place, name, remarks) if is_all else {}
    if found:
        pairs = {
            place / name: _image_folder(place, name) for place, name in found.items()
        }
        return _by_split(root, pairs)
    below = {
        path: root / next((n for n in IMAGE_FOLDERS if (root / n).is_dir()), '')
        for name in ANNOTATION_FOLDERS
        for path in sorted((root / name).glob('*/'))
        if any(path.glob('*.xml'))
    }
    pairs = {
        path: images / path.name if (images / path.name).is_dir() else images
        for path, images in below.items()
    }
    beside = {place: place for place in places if any(place.glob('*.xml'))}
    return _by_split(root, pairs or beside)


def _is_all_data(place: Path, folders: Sequence[Path]) -> bool:
    """Whether one of the folders of a root is what the root is given for."""
    if DEVKIT.match(place.name) or split_of(Path(place.name)):
        return True
    return not any(list_images(str(path)) for path in folders if path != place)


def _by_split(root: Path, pairs: dict[Path, Path]) -> dict[str, dict]:
    """The splits that folders of annotations are of, with folders of images."""
    splits: dict[str, dict] = {}
    for annotations, images in pairs.items():
        split = split_of(annotations.relative_to(root) / '_') or 'all'
        if split in splits:
            raise UserError(
                f'{root} has annotations for the split {split!r} in '
                f'{splits[split]["data_prefix"]["ann"]} and in '
                f'{annotations.relative_to(root)}: name the folders train and val, or '
                'give one of them as the data'
            )
        splits[split] = _arguments(root, annotations, images)
    return splits


def _image_folder(place: Path, name: str) -> Path:
    return place / next((n for n in IMAGE_FOLDERS if (place / n).is_dir()), name)


def _with_sets(
    root: Path, place: Path, name: str, remarks: list[str]
) -> dict[str, dict]:
    sets = _image_sets(place)
    named = {stem: str(path.relative_to(root)) for stem, path in sets.items()}
    found = {
        split: dict(ann_file=named[stem])
        for split, stems in SPLIT_NAMES.items()
        for stem in reversed(stems)
        if stem in named and stem != 'trainval'
    }
    if 'train' not in found and 'trainval' in named:
        found['all'] = dict(ann_file=named['trainval'])
        if 'val' in found:
            found['all']['but'] = found['val']['ann_file']
    if named and not found:
        shown = ', '.join(sorted(named.values())[:NUM_EXAMPLES])
        remarks.append(
            f'{len(named)} lists of images are passed over, as none is called train, '
            f'val, trainval or test ({shown})'
        )
    given = _arguments(root, place / name, _image_folder(place, name))
    return {
        split: given | arguments for split, arguments in (found or dict(all={})).items()
    }


def _image_sets(place: Path) -> dict[str, Path]:
    """Lists of images by their lower-case names, from the usual folder or above."""
    folders = (place / 'ImageSets' / 'Main', place / 'ImageSets', place)
    known = {stem for stems in SPLIT_NAMES.values() for stem in stems}
    found = [
        {path.stem.lower(): path for path in sorted(folder.glob('*.txt'))}
        for folder in folders
    ]
    named = [sets for sets in found if known & sets.keys()]
    return next(iter(named), found[0] or found[1])


def _arguments(root: Path, annotations: Path, images: Path) -> dict[str, Any]:
    prefix = dict(img=_relative(images, root), ann=_relative(annotations, root))
    return dict(type='VOCFolderDataset', ann_file='', data_prefix=prefix)


def _relative(path: Path, root: Path) -> str:
    return '' if path == root else str(path.relative_to(root))


def _counts_from_zero(paths: Sequence[Path], remarks: list[str]) -> bool:
    """Whether corners are distances: 0, or no integers, in more than slips."""
    zeros, fractions = [], []
    for path in paths:
        corners = {
            value: f'{path}, object[{index}] has {tag} {value:g}'
            for index, item in enumerate(read_tree(str(path)).findall('object'))
            for tag, value in zip(
                CORNERS, object_corners(item, f'{path}, object[{index}]'), strict=True
            )
        }
        zeros += [corners[0]] if 0 in corners else []
        fractions += [t for value, t in corners.items() if value % 1][:1]
    least = max(LEAST_FILES_OF_ZEROS, LEAST_ZEROS * len(paths))
    if len(zeros) >= least:
        proof = f'{len(zeros)} of {len(paths)} files have a 0, such as {zeros[0]}'
    elif len(fractions) > max(1, LEAST_FRACTIONS * len(paths)):
        proof = (
            f'{len(fractions)} of {len(paths)} files have no integers, such as '
            f'{fractions[0]}'
        )
    else:
        if zeros:
            remarks.append(
                f'corners are read as pixels counted from 1: only {len(zeros)} of '
                f'{len(paths)} files have a 0, such as {zeros[0]}'
            )
        return False
    remarks.append(
        f'corners are read as distances from 0, not as pixels counted from 1: {proof}'
    )
    return True


def _names(ann_file: str, folder: str) -> list[str]:
    if ann_file:
        return read_image_set(ann_file, folder)
    try:
        files = sorted(os.listdir(folder))
    except OSError as error:
        raise UserError(
            f'annotation folder {folder} cannot be read: {error}'
        ) from error
    return [file[:-4] for file in files if file.endswith('.xml')]


def _image_file(folder: str, name: str, tree: ET.Element, path: str) -> str:
    stated = osp.basename((tree.findtext('filename') or '').strip())
    names = [f'{name}{suffix}' for suffix in IMAGE_SUFFIXES]
    names += [f'{name}{suffix.upper()}' for suffix in IMAGE_SUFFIXES]
    # Of a.jpg and a.png the one that the file names.
    names.insert(0 if osp.splitext(stated)[0] == name else len(names), stated)
    for file in filter(None, names):
        if osp.isfile(osp.join(folder, file)):
            return osp.join(folder, file)
    wanted = osp.join(folder, stated or name)
    if not osp.isdir(folder) or not list_images(folder):
        raise UserError(
            f'{path}: its image {wanted} does not exist, as no other does; they are '
            f'looked for in {", ".join(IMAGE_FOLDERS)} and beside the XML files'
        )
    raise UserError(
        f'{path}: its image {wanted} does not exist; add the image or take the '
        'annotation file out'
    )


def _size(tree: ET.Element, file: str) -> tuple[int, int]:
    texts = [tree.findtext(f'size/{name}') or '' for name in ('width', 'height')]
    if all(text.strip().isdigit() and int(text) > 0 for text in texts):
        return int(texts[0]), int(texts[1])
    return image_size(file)


def _annotation(item: ET.Element, source: str, first_pixel: int) -> dict[str, Any]:
    xmin, ymin, xmax, ymax = object_corners(item, source)
    x, y = xmin - first_pixel, ymin - first_pixel
    box = [x, y, xmax - x, ymax - y]
    ignored = (item.findtext('difficult') or '').strip().lower() in TRUE
    return dict(bbox=box, area=box[2] * box[3], iscrowd=int(ignored), source=source)


def _sorted_by_name(content: Content) -> Content:
    """Categories in the order of their names: files have no other."""
    names: Sequence[dict] = sorted(content['categories'], key=lambda item: item['name'])
    numbers = {item['id']: number for number, item in enumerate(names, 1)}
    for annotation in content['annotations']:
        annotation['category_id'] = numbers[annotation['category_id']]
    content['categories'] = [dict(id=numbers[i['id']], name=i['name']) for i in names]
    return content
