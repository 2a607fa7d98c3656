"""Accidents in data, through the training and the test tool, that score themselves.

Which record is hit is drawn by a seed. ``-s`` shows the table of docs/reliability.md.
"""

import itertools
import random
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from conftest import REPOSITORY, TINY_CONFIG, write_coco_folder
from samples.accidents import Accident, edit_json, is_good, report

from mmdet_plus.cli import closing, launch

NAN, INF = float('nan'), float('inf')
BOXES = {
    'null': None,
    'text': 'x',
    'texts': ['1', '2', '3', '4'],
    'nested': [[1, 2, 3, 4]],
    'empty': [],
    'three numbers': [1, 2, 3],
    'five numbers': [1, 2, 3, 4, 5],
    'NaN': [1, 2, NAN, 4],
    'infinite': [1, 2, INF, 4],
    'true': [True, 2, 3, 4],
    'huge': [1, 2, 1e300, 1e300],
    'no width': [1, 2, 0, 4],
    'negative height': [1, 2, 3, -4],
    'outside': [500, 500, 10, 10],
    'left of the image': [-50, 2, 10, 10],
    'leaving': [40, 40, 200, 10],
}
SPOILT = dict(
    area=[0, -1, None, '9', NAN, [4], INF],
    iscrowd=['0', None, 2, NAN, [0]],
    category_id=[99, 0, None, '1', 1.5, [1]],
    image_id=[99, None, '0', [0], 0.5],
    id=[0, None, [1]],
    bbox=[*BOXES.values()],
)
IMAGES = dict(
    id=[None, [1], 99],
    width=[0, -64, None, '64', 65, 6400, [64], NAN],
    height=[0, 32, 64.5],
    file_name=[None, '', 'absent.png', 5, '/absent.png', 'images/0.png', '.', '0.PNG'],
)
CATEGORIES = dict(id=[None, 2, [1]], name=[None, '', 'Square', 'square ', 5, ['a']])
FORMS = {
    'empty': '',
    'cut': '{"images": [{"id": 1, "file_',
    'list': '[]',
    'number': '3',
    'null': 'null',
    'text': '"a"',
    'page': '<!DOCTYPE html><html>404</html>',
    'yaml': 'train: images/train\nnames: [square, disc]\n',
    'lines': '{"id": 1}\n{"id": 2}\n',
    'object': '{}',
    'no images': '{"images": [], "annotations": [], "categories": []}',
    'sections': '{"images": {}, "annotations": {}, "categories": {}}',
    'records': '{"images": [1], "annotations": [2], "categories": [3]}',
    'not text': '\x00\x01\x02',
}


def spoil(section: str, key: str, value: Any, every: bool, seed: int, root: Path):
    """Give a key of one record, or of all, another value."""

    def change(content: dict) -> None:
        records = content[section]
        for record in records if every else [random.Random(seed).choice(records)]:
            record[key] = value

    edit_json(root / 'annotations' / 'train.json', change)


def drop(section: str, key: str, every: bool, root: Path) -> None:
    def change(content: dict) -> None:
        for record in content[section] if every else content[section][:1]:
            del record[key]

    edit_json(root / 'annotations' / 'train.json', change)


def edited(change: Callable[[dict], Any], name: str = 'train') -> Callable[[Path], Any]:
    return lambda root: edit_json(root / 'annotations' / f'{name}.json', change)


def each_box(change: Callable[[list], list]) -> Callable[[Path], Any]:
    def change_all(content: dict) -> None:
        for item in content['annotations']:
            item['bbox'] = change(item['bbox'])

    return edited(change_all)


def records() -> Iterator[Accident]:
    tables = dict(annotations=SPOILT, images=IMAGES, categories=CATEGORIES)
    for section, table in tables.items():
        for key, values in table.items():
            for seed, value in enumerate(values):
                for every in (False, True):
                    which = 'all' if every else 'one'
                    yield Accident(
                        f'{section}.{key} = {value!r}, {which}',
                        partial(spoil, section, key, value, every, seed),
                        [],
                    )
        for key in [k for k in table if k != 'iscrowd']:  # which training does without
            for every in (False, True):
                yield Accident(
                    f'{section} without {key}, {"all" if every else "one"}',
                    partial(drop, section, key, every),
                    [key],
                )


def files() -> Iterator[Accident]:
    for name, text in FORMS.items():
        for split in ('train', 'val'):
            path = f'annotations/{split}.json'
            yield Accident(
                f'{split}.json is {name}',
                lambda root, p=path, t=text: (root / p).write_text(t),
                [f'{split}.json'],
            )


def whole_files() -> Iterator[Accident]:
    yield Accident('boxes in 0..1', each_box(lambda b: [v / 64 for v in b]), ['0..1'])
    corners = each_box(lambda b: [b[0], b[1], b[0] + b[2], b[1] + b[3]])
    yield Accident('boxes as corners', corners, ['x1, y1'])
    for section in ('images', 'annotations', 'categories'):
        yield Accident(
            f'no {section}', edited(lambda c, s=section: c.pop(s)), [section]
        )
        yield Accident(
            f'{section} empty',
            edited(lambda c, s=section: c[s].clear()),
            ['train.json'],
        )
        yield Accident(
            f'{section} twice',
            edited(lambda c, s=section: c[s].extend(c[s])),
            ['twice'],
        )
    yield Accident(
        'annotations of val empty',
        edited(lambda c: c['annotations'].clear(), 'val'),
        ['val'],
    )
    yield Accident(
        'val without iscrowd',
        edited(lambda c: [a.pop('iscrowd') for a in c['annotations']], 'val'),
        ['iscrowd'],
    )
    yield Accident(
        'val of other images',
        edited(lambda c: [i.update(id=i['id'] + 50) for i in c['images']], 'val'),
        ['val'],
    )
    yield Accident(
        'only crowds',
        edited(lambda c: [a.update(iscrowd=1) for a in c['annotations']]),
        ['crowd'],
    )


def pictures() -> Iterator[Accident]:
    def with_file(change: Callable[[Path], Any]) -> Callable[[Path], Any]:
        return lambda root: change(root / 'images' / '2.png')

    def write(shape: tuple, dtype: Any = np.uint8) -> Callable[[Path], Any]:
        return with_file(lambda p: cv2.imwrite(str(p), np.full(shape, 200, dtype)))

    changes = {
        'absent': with_file(Path.unlink),
        'empty': with_file(lambda p: p.write_bytes(b'')),
        'cut': with_file(lambda p: p.write_bytes(p.read_bytes()[:100])),
        'text': with_file(lambda p: p.write_text('<html>')),
        'a folder': with_file(lambda p: (p.unlink(), p.mkdir())),
        'a broken link': with_file(lambda p: (p.unlink(), p.symlink_to('nowhere'))),
        'other size': write((48, 64, 3)),
        'one pixel': write((1, 1, 3)),
        'a strip': write((3, 2000, 3)),
    }
    for name, change in changes.items():
        yield Accident(f'image is {name}', change, ['2.png'])
    yield Accident(
        'no folder of images',
        lambda root: shutil.rmtree(root / 'images'),
        ['images'],
    )


@pytest.fixture
def try_out(tool_main, tmp_path, monkeypatch, capfd):
    """A function that runs an accident and says whether it ended well.

    Nothing is trained: what the checks let through without a word is not good.
    """
    monkeypatch.setattr(launch, 'build_runner', lambda cfg: None)
    monkeypatch.setattr(closing, 'train_and_tell', lambda runner: None)

    numbers = itertools.count()

    def run(accident: Accident) -> tuple[str, bool]:
        # What was read of a file is remembered by its path.
        place = tmp_path / str(next(numbers))
        root = write_coco_folder(place / 'coco')
        config = place / 'tiny.py'
        config.write_text(TINY_CONFIG.format(repository=REPOSITORY, root=root))
        accident.happen(root)
        capfd.readouterr()
        status = tool_main('train', config, '--work-dir', place / 'work')
        printed = ''.join(capfd.readouterr())
        good = is_good(status, printed, accident.culprits, [place / 'work'])
        shutil.rmtree(place)
        return f'{accident.name} ({status}): {printed.strip()[-300:]}', good

    return run


@pytest.mark.slow
@pytest.mark.parametrize('kind', [records, files, whole_files, pictures])
def test_data_accidents(kind, try_out):
    results = [try_out(accident) for accident in kind()]
    assert report(f'data, {kind.__name__}', results) == 0
