import re
import shutil
import subprocess
import sys
import warnings
from pathlib import Path

import pytest
import torch

import mmdet_plus
from mmdet_plus.ops import (
    DeformRoIAlign,
    compiled,
    deform_roi_align,
    has_kernel,
    is_compiled,
    local_importance_pool2d,
)

PACKAGE = Path(mmdet_plus.__file__).parent
USE_BOTH_TWICE = """
import sys, warnings
from pathlib import Path
import torch
with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter('always')
    import mmdet_plus
    from mmdet_plus.ops import DeformRoIAlign, is_compiled, local_importance_pool2d
    assert Path(mmdet_plus.__file__).parent == Path(sys.argv[1])
    assert not is_compiled()
    x = torch.randn(2, 3, 8, 8, requires_grad=True)
    rois = torch.tensor([[1, 2.0, 1, 6, 7]])
    for _ in range(2):
        output = DeformRoIAlign(4)(x, rois, torch.zeros(1, 2, 4, 4))
        local_importance_pool2d(output, output).sum().backward()
assert x.grad[1].abs().sum() > 0
print(*[w.message for w in caught if 'mmdet_plus' in str(w.message)], sep='\\n')
"""


@pytest.fixture
def no_kernels(monkeypatch):
    """An install whose library lacks kernels, and no warning given yet."""
    monkeypatch.setattr(compiled, '_kernels', frozenset())
    compiled._warn_once.cache_clear()
    yield
    compiled._warn_once.cache_clear()


def test_compiled_here():
    assert is_compiled()
    for op in ('deform_roi_align', 'local_importance_pool2d'):
        assert has_kernel(op, 'cpu')
        assert has_kernel(op, 'meta')


def test_package_runs_without_the_library_and_warns_once(tmp_path):
    copy = tmp_path / 'mmdet_plus'
    ignore = shutil.ignore_patterns('_C*', '.mim', 'csrc', '__pycache__')
    shutil.copytree(PACKAGE, copy, ignore=ignore)
    command = [sys.executable, '-c', USE_BOTH_TWICE, str(copy)]
    # Python looks for packages in the working directory first.
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (warning,) = (x for x in done.stdout.splitlines() if 'mmdet_plus' in x)
    assert 'cannot be used on cpu (they were not built)' in warning
    assert 'pip install --no-build-isolation -e .' in warning


def test_library_of_another_build_is_reported(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, '__file__', str(tmp_path / 'compiled.py'))
    assert compiled._load_library() == 'they were not built'
    (tmp_path / '_C.abi3.so').write_bytes(b'not a library')
    assert re.search('file too short|invalid ELF', compiled._load_library())


@pytest.mark.usefixtures('no_kernels')
def test_warning_gives_the_reason(monkeypatch):
    monkeypatch.setattr(compiled, '_problem', 'undefined symbol: _ZN2at')
    assert not is_compiled()
    with pytest.warns(UserWarning, match=r'on meta \(undefined symbol: _ZN2at\)'):
        assert not has_kernel('deform_roi_align', 'meta')


@pytest.mark.usefixtures('no_kernels')
def test_one_warning_for_each_device_type():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter('always')
        for device_type in ('cpu', 'cuda'):
            assert not has_kernel('deform_roi_align', device_type)
            assert not has_kernel('local_importance_pool2d', device_type)
    on_cpu, on_cuda = (str(warning.message) for warning in caught)
    assert 'cannot be used on cpu' in on_cpu
    assert 'cannot be used on cuda' in on_cuda
    assert 'Repair: pip install' in on_cuda


def test_devices_nobody_wrote_a_kernel_for_have_none():
    compiled._warn_once.cache_clear()
    with pytest.warns(UserWarning, match='on npu .they were built without kernels'):
        assert not has_kernel('deform_roi_align', 'npu')
    compiled._warn_once.cache_clear()


@pytest.mark.usefixtures('no_kernels')
def test_warning_points_at_the_caller():
    with pytest.warns(UserWarning, match='Repair') as caught:
        local_importance_pool2d(torch.ones(1, 1, 4, 4), torch.ones(1, 1, 4, 4))
    assert caught[0].filename == __file__


@pytest.mark.usefixtures('no_kernels')
@pytest.mark.parametrize('dtype', [torch.float32, torch.bfloat16])
def test_twins_give_what_the_kernels_give(monkeypatch, dtype):
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(2, 3, 8, 8, generator=generator).to(dtype)
    rois = torch.tensor([[1, 2.1, 1.2, 6.3, 7.4], [0, -3.2, 0.4, 5.1, 20.2]])
    offset = torch.randn(2, 2, 4, 4, generator=generator)

    def results():
        aligned = deform_roi_align(x, rois, offset, output_size=4)
        return aligned, DeformRoIAlign(4)(x, rois), local_importance_pool2d(x, 3 * x)

    with warnings.catch_warnings():
        warnings.simplefilter('ignore')
        twins = results()
    monkeypatch.undo()
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        kernels = results()
    for mine, other in zip(kernels, twins, strict=True):
        torch.testing.assert_close(mine, other)
