"""What can happen to the files of a folder of labelled images."""

import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from samples.accidents import Accident
from samples.labelled_folders import SPLITS, write_image

HARMLESS: list[str] = []  # in place of culprits: the same boxes are read
FILES = {
    'empty': b'',
    'text': b'hello',
    'a page': b'<!DOCTYPE html><html><body>404</body></html>',
    'binary': bytes(range(256)),
    'json': b'{"images": []}',
}


def edited(pattern: str, change: Callable[[str], str]) -> Callable[[Path], None]:
    """Change the texts of the files whose paths match, each of which must change."""

    def happen(root: Path) -> None:
        paths = sorted(root.glob(pattern))
        assert paths, pattern
        for path in paths:
            text = change(path.read_text())
            assert text != path.read_text(), path
            path.write_text(text)

    return happen


def swapped(old: str, new: str, count: int = 0) -> Callable[[str], str]:
    return lambda text: re.sub(old, new, text, count=count, flags=re.DOTALL)


def written(place: str, content: bytes) -> Callable[[Path], object]:
    return lambda root: (root / place).write_bytes(content)


def moved(place: str, to: str) -> Callable[[Path], object]:
    def happen(root: Path) -> None:
        (root / to).parent.mkdir(parents=True, exist_ok=True)
        (root / place).rename(root / to)

    return happen


def removed(place: str) -> Callable[[Path], object]:
    def happen(root: Path) -> None:
        path = root / place
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return happen


def both(*parts: Callable[[Path], Any]) -> Callable[[Path], object]:
    return lambda root: [part(root) for part in parts]


def encoded(place: str, encoding: str) -> Callable[[Path], object]:
    return lambda root: (root / place).write_bytes(
        (root / place).read_text().encode(encoding)
    )


def add_image(place: str) -> Callable[[Path], object]:
    return lambda root: write_image(root / place)


def pictures(folder: str) -> Iterator[Accident]:
    """Of image b, in a folder, as both formats have it."""
    name = f'{folder}/b.jpg'
    for kind in ('empty', 'text', 'a page', 'binary'):
        yield Accident(f'image is {kind}', written(name, FILES[kind]), ['b.jpg'])
    yield Accident(
        'image is cut',
        lambda r: (r / name).write_bytes((r / name).read_bytes()[:300]),
        ['b.jpg'],
    )
    yield Accident(
        'image is a folder',
        both(removed(name), lambda r: (r / name).mkdir()),
        ['b'],
    )
    yield Accident(
        'image is a broken link',
        both(removed(name), lambda r: (r / name).symlink_to('nowhere')),
        ['b'],
    )
    yield Accident('image is absent', removed(name), ['b'])
    for suffix in ('.JPG', '.jpeg'):
        yield Accident(f'suffix {suffix}', moved(name, f'{folder}/b{suffix}'), HARMLESS)
    for suffix in ('.gif', '.heic', '.npy', ''):
        yield Accident(f'suffix {suffix}', moved(name, f'{folder}/b{suffix}'), ['b'])
    yield Accident('case of a name', moved(name, f'{folder}/B.jpg'), ['b'])
    for other in ('train', 'val'):
        of_split = [n for n in SPLITS[other] if folder.endswith((other, 'JPEGImages'))]
        if of_split:
            yield Accident(
                f'no image of {other}',
                both(*(removed(f'{folder}/{n}.jpg') for n in of_split)),
                [other if 'JPEG' not in folder else f'{of_split[0]}'],
            )
    yield Accident('no folder of images', removed(folder), [folder.split('/')[0]])
