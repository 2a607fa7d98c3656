"""Accidents in a folder of YOLO, as ``labelled_folders.write_yolo`` writes it."""

import itertools
import random
import shutil
from collections.abc import Iterator

from samples.accidents import Accident
from samples.folder_edits import (
    FILES,
    HARMLESS,
    both,
    edited,
    encoded,
    moved,
    pictures,
    removed,
    swapped,
    written,
)

DESCRIPTION = 'path: {root}\ntrain: images/train\nval: images/val\nnames: [cat, dog]\n'


def yolo_lines() -> Iterator[Accident]:
    """A line of a random file of the training, or all lines."""
    lines = {
        'class 2': '2 .5 .5 .2 .2',
        'class -1': '-1 .5 .5 .2 .2',
        'class 1.5': '1.5 .5 .5 .2 .2',
        'class by name': 'cat .5 .5 .2 .2',
        'commas': '0,.5,.5,.2,.2',
        'decimal commas': '0 0,5 0,5 0,2 0,2',
        'three numbers': '0 .5 .5 .2',
        'a confidence': '0 .5 .5 .2 .2 .9',
        'the confidence first': '0 .9 .5 .5 .2 .2',
        'only a class': '0',
        'NaN': '0 nan .5 .2 .2',
        'infinite': '0 .5 inf .2 .2',
        'no width': '0 .5 .5 0 .2',
        'negative height': '0 .5 .5 .2 -.2',
        'outside': '0 1.5 .5 .2 .2',
        'left of the image': '0 -.5 .5 .2 .2',
        'leaving': '0 .9 .5 .6 .2',
        'in pixels': '0 20 10 8 8',
        'huge': '0 1e30 1e30 1e30 1e30',
        'a polygon with a number too many': '0 .1 .1 .5 .1 .5 .5 .2',
        'a polygon outside': '0 1.1 .1 1.5 .1 1.5 .5',
        'a polygon on a line': '0 .1 .1 .2 .1 .3 .1',
        'a comment': '# cats',
        'COCO': '{"bbox": [1, 2, 3, 4]}',
    }
    for seed, (name, line) in enumerate(lines.items()):
        which = random.Random(seed).choice('abc')
        place = f'labels/train/{which}.txt'
        yield Accident(
            f'{name}, one',
            edited(place, lambda t, n=line: f'{t}\n{n}\n'),
            [f'{which}.txt'],
        )
        yield Accident(
            f'{name}, all',
            edited('labels/*/[!d].txt', lambda _, n=line: f'{n}\n'),
            ['.txt'],
        )
    again = lambda t: f'{t}\n{t.splitlines()[0]}\n'  # noqa: E731
    yield Accident(
        'a line twice', edited('labels/train/b.txt', again), ['twice', 'b.txt']
    )
    counted = swapped(r'(?m)^(\d)', lambda m: str(int(m[1]) + 1))
    yield Accident('counted from 1', edited('labels/*/[!d].txt', counted), ['class 2'])
    for name, change in {
        'tabs': lambda t: t.replace(' ', '\t'),
        'blank lines': lambda t: f'\n{t}\n\n',
        'decimals': lambda t: t.replace(' 0.', ' .'),
        'Windows': lambda t: t.replace('\n', '\r\n') + '\r\n',
        'a mark': lambda t: '\ufeff' + t,
        'class as 0.0': swapped(r'(^|\n)(\d) ', r'\1\2.0 '),
    }.items():
        yield Accident(
            f'{name} in lines', edited('labels/train/a.txt', change), HARMLESS
        )


def yolo_files() -> Iterator[Accident]:
    place = 'labels/train/b.txt'
    for kind in ('text', 'a page', 'binary', 'json'):
        yield Accident(f'labels are {kind}', written(place, FILES[kind]), ['b.txt'])
    yield Accident('labels in UTF-16', encoded(place, 'utf-16'), ['b.txt'])
    yield Accident(
        'labels are absent', removed(place), ['images/train/b.jpg', 'no text file']
    )
    yield Accident(
        'labels in capitals',
        moved(place, 'labels/train/b.TXT'),
        ['images/train/b.jpg', 'no text file'],
    )
    yield Accident(
        'labels of another name', moved(place, 'labels/train/B.txt'), ['B.txt']
    )
    yield Accident(
        'labels without image', written('labels/train/f.txt', b''), ['f.txt']
    )
    yield Accident('no labels of train', removed('labels/train'), ['train'])
    yield Accident('no labels of val', removed('labels/val'), ['val'])
    yield Accident('no labels', removed('labels'), ['label'])
    yield Accident(
        'labels all empty',
        edited('labels/train/*.txt', lambda _: ''),
        ['there are none'],
    )
    yield Accident(
        'labels of val empty', edited('labels/val/[!d].txt', lambda _: ''), ['val']
    )
    yield Accident(
        'labels beside the images',
        both(*(moved(f'labels/train/{n}.txt', f'images/train/{n}.txt') for n in 'abc')),
        HARMLESS,
    )
    spaced = both(
        moved('labels/train/b.txt', 'labels/train/my b 1.txt'),
        moved('images/train/b.jpg', 'images/train/my b 1.jpg'),
    )
    yield Accident('spaces in a name', spaced, HARMLESS)
    below = both(
        moved('labels/train/b.txt', 'labels/train/day/b.txt'),
        moved('images/train/b.jpg', 'images/train/day/b.jpg'),
    )
    yield Accident('a folder more', below, HARMLESS)
    yield Accident(
        'val holds images of train',
        both(
            lambda r: shutil.copy(r / 'images/train/a.jpg', r / 'images/val/a.jpg'),
            lambda r: shutil.copy(r / 'labels/train/a.txt', r / 'labels/val/a.txt'),
        ),
        ['a.jpg'],
    )


def yolo_descriptions() -> Iterator[Accident]:
    place = 'data.yaml'
    for kind, content in FILES.items():
        yield Accident(f'data.yaml is {kind}', written(place, content), ['data.yaml'])
    yield Accident(
        'data.yaml is a folder',
        both(removed(place), lambda r: (r / place).mkdir()),
        [place],
    )
    yield Accident('data.yaml is absent', removed(place), ['data.yaml'])
    names = {
        '': ['names'],
        'names:': ['names'],
        'names: cat': ['names'],
        'names: []': ['names'],
        'names: [cat]': ['class 1'],
        'names: [cat, cat]': ['cat'],
        'names: [cat, Cat]': ['Cat'],
        'names: [cat, ""]': ['names[1]'],
        'names: [cat, [dog]]': ['names[1]'],
        'names: {1: cat, 2: dog}': ['numbered 0 to 1'],
        'names: {0: cat, 2: dog}': ['numbered 0 to 1'],
        'names: {a: cat, b: dog}': ['numbered 0 to 1'],
        'nc: 3\nnames: [cat, dog]': ['nc is 3'],
        'nc: two\nnames: [cat, dog]': ['nc is two'],
        'names: [cat, dog, horse]': ['horse'],
        'names: [cat, dog': ['data.yaml'],
        'names:\n\t- cat\n\t- dog': ['data.yaml'],
        'names: !!python/object/apply:os.system ["touch ran"]': ['class 1'],
        'names: {0: cat, 1: dog}': HARMLESS,
        'names: {1: dog, 0: cat}': HARMLESS,
        'names:\n- cat\n- dog': HARMLESS,
        'nc: 2\nnames: [cat, dog]': HARMLESS,
    }
    for text, culprits in names.items():
        change = swapped('names: .*', text.replace('\\', '\\\\') + '\n')
        yield Accident(f'{text!r}', edited(place, change), culprits)
    places = {
        'train: images/absent': ['absent'],
        'train:': HARMLESS,
        'train: 5': ['train'],
        'train: {a: b}': ['train'],
        'train: data.yaml': ['data.yaml'],
        'train: images/val': ['train'],
        'train: images': ['train'],
        'train: [images/train, images/absent]': ['absent'],
        'train: [images/train]': HARMLESS,
        'train: ./images/train/': HARMLESS,
        'train: images\\\\train': ['train'],
        'train: ../images/train': HARMLESS,
        'train: empty.txt': ['empty.txt'],
        'train: list.txt': HARMLESS,
        'train: absent.txt': ['absent.txt'],
        'train: broken.txt': ['z.jpg'],
    }
    lists = {
        'empty.txt': '',
        'list.txt': ''.join(f'./images/train/{n}.jpg\n' for n in 'abc'),
        'broken.txt': './images/train/a.jpg\n./images/train/z.jpg\n',
    }
    with_lists = both(*(written(n, t.encode()) for n, t in lists.items()))
    for text, culprits in places.items():
        change = swapped('train: images/train', text)
        yield Accident(f'{text!r}', both(with_lists, edited(place, change)), culprits)
    yield Accident('no val', edited(place, swapped('val: [^\n]*', '')), HARMLESS)
    yield Accident(
        'val is train',
        edited(place, swapped('val: [^\n]*', 'val: images/train')),
        ['a.jpg'],
    )
    for path in ('/absent', 'absent', '', '.', '5'):
        change = swapped('path: [^\n]*', f'path: {path}')
        yield Accident(f'path: {path}', edited(place, change), HARMLESS)


def yolo() -> Iterator[Accident]:
    yield from itertools.chain(
        yolo_lines(), yolo_files(), yolo_descriptions(), pictures('images/train')
    )
