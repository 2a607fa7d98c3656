"""The wheel holds what users need, and runs without compiled ops."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope='module')
def site(tmp_path_factory) -> Path:
    """A folder with the unpacked wheel of a build without compiled ops."""
    folder = tmp_path_factory.mktemp('wheel')
    source = folder / 'source'
    files = subprocess.run(
        ['git', 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name in files:  # not the compiled library that may lie in the package
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes((ROOT / name).read_bytes())
    command = ['pip', 'wheel', '-q', '--no-deps', '--no-build-isolation', '-w', folder]
    subprocess.run(
        [sys.executable, '-m', *map(str, command), str(source)],
        env=dict(os.environ, MMDET_PLUS_WITH_OPS='0'),
        check=True,
    )
    with zipfile.ZipFile(next(folder.glob('*.whl'))) as wheel:
        wheel.extractall(folder / 'site')
    return folder / 'site'


@pytest.mark.slow
def test_configs_tools_and_sources_are_shipped(site):
    package = site / 'mmdet_plus'
    assert (package / '.mim/configs/d2det/d2det_r50_fpn_2x_coco.py').exists()
    assert (package / '.mim/tools/train.py').exists()
    assert (package / 'analysis/data_check/page.jinja').exists()
    (entry_points,) = site.glob('mmdet_plus-*.dist-info/entry_points.txt')
    assert 'mmdet_plus = mmdet_plus.cli.commands:main' in entry_points.read_text()
    assert (package / 'ops/csrc/library.cpp').exists()
    assert not list(package.rglob('*.so'))


@pytest.mark.slow
def test_pure_python_install_runs_with_one_warning(site, tmp_path):
    code = """
import torch, mmdet_plus
from mmdet_plus.ops import deform_roi_align, is_compiled
assert not is_compiled()
rois = torch.tensor([[0, 0.0, 0, 4, 4]])
pooled = deform_roi_align(torch.ones(1, 2, 8, 8), rois, output_size=2)
assert pooled.eq(1).all()
deform_roi_align(torch.ones(1, 2, 8, 8), rois, output_size=2)
print(mmdet_plus.__file__)
"""
    done = subprocess.run(
        [sys.executable, '-c', code],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert str(site) in done.stdout
    assert done.stderr.count('pip install --no-build-isolation') == 1


@pytest.mark.slow
def test_the_command_finds_tools_and_configs_without_a_clone(site, tmp_path):
    done = subprocess.run(
        [
            *(sys.executable, '-m', 'mmdet_plus', 'train'),
            *('configs/d2det/d2det_tiny_shapes.py', '--data', 'absent'),
        ],
        cwd=tmp_path,
        env=dict(os.environ, PYTHONPATH=str(site)),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert done.stderr.endswith('error: data folder absent does not exist\n')
    assert not list(tmp_path.iterdir())
