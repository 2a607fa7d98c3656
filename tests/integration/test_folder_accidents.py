"""Accidents in folders of VOC and YOLO, through ``--data``, that score themselves.

Good is what ``samples.accidents.is_good`` says, or, of what is harmless, that the same
boxes are read as before. ``-s`` shows the table of docs/reliability.md.
"""

import itertools
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import REPOSITORY, TINY_CONFIG
from samples.accidents import Accident, is_good, report
from samples.labelled_folders import write_voc, write_yolo
from samples.voc_accidents import voc
from samples.yolo_accidents import DESCRIPTION, yolo

from mmdet_plus.cli import closing, launch
from mmdet_plus.datasets.folders import recognise


def boxes_of(root: Path) -> dict[tuple, list]:
    """Classes and boxes of every image, by split and the last letter of its name."""
    data = recognise(str(root))
    found: dict[tuple, list] = {}
    for split in data.splits:
        dataset = data.dataset(split)
        dataset.full_init()
        for index in range(len(dataset)):
            info = dataset.get_data_info(index)
            boxes = [
                (data.classes[i['bbox_label']], *(round(v, 1) for v in i['bbox']))
                for i in info['instances']
            ]
            key = split, re.sub('^my | 1$', '', Path(info['img_path']).stem)
            found[key] = sorted(boxes)
    return found


@pytest.fixture
def try_out(tool_main, tmp_path, monkeypatch, capfd):
    """A function that runs an accident in a folder and says whether it ended well.

    Nothing is trained: what the checks let through without a word is not good.
    """
    monkeypatch.setattr(launch, 'build_runner', lambda cfg: None)
    monkeypatch.setattr(closing, 'train_and_tell', lambda runner: None)
    config = tmp_path / 'tiny.py'
    config.write_text(TINY_CONFIG.format(repository=REPOSITORY, root=tmp_path))
    numbers = itertools.count()
    expected: dict[Callable, dict] = {}
    usual: dict[Callable, set[str]] = {}

    def start(place: Path) -> tuple[int, str]:
        capfd.readouterr()
        options = ['--data', place / 'data', '--work-dir', place / 'work']
        status = tool_main('train', config, *options)
        return status, ''.join(capfd.readouterr()).replace(str(place), 'PLACE')

    def run(accident: Accident, write: Callable[[Path], Path]) -> tuple[str, bool]:
        # What was read of a file is remembered by its path.
        place = tmp_path / str(next(numbers))
        root = write(place / 'data')
        if write not in expected:
            expected[write] = boxes_of(root)
            usual[write] = set(start(place)[1].splitlines())
            shutil.rmtree(place)
            write(root)
        accident.happen(root)
        status, printed = start(place)
        if accident.culprits:
            # Remarks on what is passed over are no warnings.
            told = [line for line in printed.splitlines() if line not in usual[write]]
            text = printed if status else 'warning: ' + '\n'.join(told)
            good = is_good(status, text, accident.culprits, [place / 'work'])
        else:
            good = status == 0 and boxes_of(root) == expected[write]
        good = good and not Path('ran').exists()
        shutil.rmtree(place)
        return f'{accident.name} ({status}): {printed.strip()[-300:]}', good

    return run


def yolo_folder(root: Path) -> Path:
    return write_yolo(root, 'images/{split}', DESCRIPTION)


@pytest.mark.slow
@pytest.mark.parametrize(('kind', 'write'), [(voc, write_voc), (yolo, yolo_folder)])
def test_folder_accidents(kind, write, try_out):
    results = [try_out(accident, write) for accident in kind()]
    assert report(f'folders, {kind.__name__}', results) == 0
