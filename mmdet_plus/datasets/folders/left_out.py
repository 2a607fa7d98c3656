"""Tells which files of a folder of labelled images are not used, or used twice."""

import os
import os.path as osp
from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from .content import IMAGE_SUFFIXES, Content

NUM_EXAMPLES = 3
# Beginnings of names of text files that are no labels.
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
    labels = Counter(path for path in sources.values() if path.endswith('.txt'))
    absent = {path for path in labels if not osp.isfile(path)}
    texts = _beside(labels, ('.txt',), but=set(labels))
    told = {
        'images are in no split or have no annotation, and are left out': _beside(
            sources, IMAGE_SUFFIXES, but=set(sources)
        ),
        'images have no text file and are taken as background': [
            image for image, label in sources.items() if label in absent
        ],
        'text files have no image and are left out': [
            path
            for path in texts
            if not osp.basename(path).lower().startswith(NO_LABELS)
        ],
        'text files are of several images, which differ in their suffix only': [
            path for path, count in labels.items() if count > 1 and osp.isfile(path)
        ],
    }
    return [_remark(root, text, paths) for text, paths in told.items() if paths]


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
