import json
import subprocess
import sys
from pathlib import Path

import pytest
from samples.tools import load_tool

SCRIPT = Path(__file__).parents[2] / 'tools' / 'dataset_converters' / 'make_shapes.py'
SMALL = ['--num-train', '2', '--num-val', '1', '--image-size', '64']


@pytest.fixture(scope='module')
def main():
    module = load_tool('dataset_converters/make_shapes')
    return module.main


@pytest.mark.parametrize(
    ('kind', 'expected'),
    [
        (
            'coco',
            ['annotations/train.json', 'annotations/val.json', 'val/val_000000.jpg'],
        ),
        ('voc', ['Annotations/val_000000.xml', 'JPEGImages/train_000001.jpg']),
        (
            'yolo',
            ['data.yaml', 'images/val/val_000000.jpg', 'labels/val/val_000000.txt'],
        ),
    ],
)
def test_layouts(main, tmp_path, kind, expected):
    main([str(tmp_path / 'out'), *SMALL, '--format', kind])
    assert all((tmp_path / 'out' / name).is_file() for name in expected)


def test_second_run_says_already_there(main, tmp_path, capsys):
    main([str(tmp_path / 'out'), *SMALL])
    assert 'written' in capsys.readouterr().out
    main([str(tmp_path / 'out'), *SMALL])
    assert 'already there' in capsys.readouterr().out


def test_overwrite(main, tmp_path):
    main([str(tmp_path / 'out'), *SMALL])
    before = (tmp_path / 'out' / 'val' / 'val_000000.jpg').read_bytes()
    main([str(tmp_path / 'out'), *SMALL, '--seed', '1', '--overwrite'])
    assert (tmp_path / 'out' / 'val' / 'val_000000.jpg').read_bytes() != before


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--num-train', '0'], 'num_train must be positive, got 0'),
        (['--image-size', '8'], 'image_size must be in [32, 4096], got 8'),
        (['--seed', '-3'], 'seed must not be negative, got -3'),
        (['--num-val', 'many'], "invalid int value: 'many'"),
        (['--format', 'csv'], "invalid choice: 'csv'"),
    ],
)
def test_bad_values_write_nothing(main, tmp_path, capsys, arguments, message):
    assert main([str(tmp_path / 'sub' / 'out'), *arguments]) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_refuses_a_folder_with_other_files(main, tmp_path, capsys):
    (tmp_path / 'mine.txt').write_text('')
    assert main([str(tmp_path), *SMALL]) == 2
    assert f'{tmp_path} holds other files' in capsys.readouterr().err


def test_the_second_version_has_its_own_size(main, tmp_path):
    counts = ['--num-train', '1', '--num-val', '1']
    assert main([str(tmp_path / 'out'), '--version', '2', *counts]) == 0
    meta = json.loads((tmp_path / 'out' / 'meta.json').read_text())
    assert (meta['version'], meta['image_size']) == (2, 320)


def test_script_writes_the_same_bytes_as_this_process(main, tmp_path):
    command = [sys.executable, str(SCRIPT), str(tmp_path / 'script'), *SMALL]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith('script: written\n')
    main([str(tmp_path / 'here'), *SMALL])
    names = [path.relative_to(tmp_path / 'here') for path in tmp_path.glob('here/*/*')]
    assert len(names) == 5
    for name in names:
        one, two = (tmp_path / root / name for root in ('script', 'here'))
        assert one.read_bytes() == two.read_bytes()
