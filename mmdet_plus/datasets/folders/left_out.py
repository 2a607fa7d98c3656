"""Tells which files of a folder of labelled images are not used, or used twice."""

import os
import os.path as osp
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from .content import IMAGE_SUFFIXES, OTHER_SUFFIXES, Content

NUM_EXAMPLES = 3
LABEL_SUFFIXES = ('.txt', '.xml')
# Beginnings of names of text files that are no labels, unless they begin as labels do.
NO_LABELS = ('classes', 'labels', 'notes', 'readme', 'test', 'train', 'val')


def remarks_on_files(
    root: str, contents: Mapping[str, Content], folders: Mapping[str, str]
) -> list[str]:
    """What a user wants to know of images without labels, and of the reverse.

    Args:
        root: of the data, which examples are told relative to.
        contents: of all splits, with all images.
        folders: of the images of each split.
    """
    sources = {
        osp.normpath(osp.join(folders[split], image['file_name'])): image['source']
        for split, content in contents.items()
        for image in content['images']
    }
    labels = Counter(p for p in sources.values() if p.endswith(LABEL_SUFFIXES))
    absent = {path for path in labels if not osp.isfile(path)}
    unused = _beside(sources, IMAGE_SUFFIXES, but=set(sources))
    unread = _beside(sources, OTHER_SUFFIXES, but=set(sources))
    told = {
        'images are in no split or have no annotation, and are left out': unused,
        'images are of types that are not read, and are left out; save them as .jpg or '
        '.png': unread,
        'images have no text file and are taken as background': [
            image for image, label in sources.items() if label in absent
        ],
        'label files have no image and are left out': _without_image(
            labels, [*unused, *unread]
        ),
        'text files are of several images, which differ in their suffix only': [
            path for path, count in labels.items() if count > 1 and osp.isfile(path)
        ],
    }
    return [_remark(root, text, paths) for text, paths in told.items() if paths]


def _without_image(labels: Collection[str], images: Iterable[str]) -> list[str]:
    """Label files beside those that are used, of no image that is left out."""
    stems = {osp.splitext(osp.basename(path))[0] for path in images}
    suffixes = tuple({osp.splitext(path)[1] for path in labels})
    return [
        path
        for path in _beside(labels, suffixes, but=labels)
        if osp.splitext(osp.basename(path))[0] not in stems and _is_label(path)
    ]


def _is_label(path: str) -> bool:
    if not osp.basename(path).lower().startswith(NO_LABELS) or path.endswith('.xml'):
        return True
    with open(path, encoding='utf-8', errors='replace') as file:
        words = file.readline().split()
    return len(words) > 1 and all(map(_is_number, words))


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _beside(
    paths: Iterable[str], suffixes: tuple[str, ...], *, but: Collection[str]
) -> list[str]:
    """Files with these suffixes in the folders of others."""
    found = []
    for folder in sorted({osp.dirname(path) for path in paths}):
        for name in sorted(os.listdir(folder)) if osp.isdir(folder) else ():
            path = osp.join(folder, name)
            if name.lower().endswith(suffixes) and name[0] != '.' and path not in but:
                found.append(path)
    return found


def _remark(root: str, text: str, paths: list[str]) -> str:
    shown = ', '.join(osp.relpath(path, root) for path in paths[:NUM_EXAMPLES])
    more = len(paths) - NUM_EXAMPLES
    return f'{len(paths)} {text} ({shown}{f" and {more} more" if more > 0 else ""})'
