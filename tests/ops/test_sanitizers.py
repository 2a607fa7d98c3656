"""The operators on hostile inputs: as their twins, and under the sanitizers of g++.

``make fuzz`` runs both; ``FUZZ_CASES`` says how many cases the sanitizers see.
"""

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
from samples import hostile_ops
from samples.hostile_ops import REFUSED, attempt, pool_case, roi_case, with_gradients
from torch.utils import cpp_extension

import mmdet_plus.ops
from mmdet_plus.ops.deform_roi_align import deform_roi_align_reference
from mmdet_plus.ops.local_importance_pool2d import local_importance_pool2d_reference

OPS = Path(mmdet_plus.ops.__file__).parent
CASES = int(os.environ.get('FUZZ_CASES', '10000'))
FLAGS = (
    '-std=c++20 -fPIC -fopenmp -O1 -g1 -fno-omit-frame-pointer '
    '-fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all'
)


def differences(found, expected):
    """What is not equal in results, NaN being equal to NaN."""
    for mine, other in zip(found, expected, strict=True):
        near = torch.isclose(mine.cpu(), other, rtol=1e-6, atol=1e-6, equal_nan=True)
        if not near.all():
            yield f'{mine.cpu()[~near]} is not {other[~near]}'


@pytest.mark.parametrize(
    ('name', 'twin', 'case', 'places'),
    [
        ('deform_roi_align', deform_roi_align_reference, roi_case, (0, 2)),
        (
            'local_importance_pool2d',
            local_importance_pool2d_reference,
            pool_case,
            (0, 1),
        ),
    ],
)
def test_equal_to_the_twin(name, twin, case, places):
    op, refused = getattr(torch.ops.mmdet_plus, name), 0
    for seed in range(300):
        arguments = case(seed, torch.float64)
        found = attempt(with_gradients, op, arguments, places)
        if found is REFUSED:
            refused += 1
            with pytest.raises(RuntimeError):
                twin(*arguments)
            continue
        expected = with_gradients(twin, arguments, places)
        assert list(differences(found, expected)) == [], f'seed {seed}'
    assert 10 < refused < 100


@pytest.mark.skipif(not torch.cuda.is_available(), reason='needs a GPU')
@pytest.mark.parametrize(
    ('name', 'case', 'places'),
    [
        ('deform_roi_align', roi_case, (0, 2)),
        ('local_importance_pool2d', pool_case, (0, 1)),
    ],
)
def test_cuda_equals_cpu(name, case, places):
    op = getattr(torch.ops.mmdet_plus, name)
    for seed in range(300):
        arguments = case(seed, torch.float64)
        expected = attempt(with_gradients, op, arguments, places)
        if expected is REFUSED:
            continue  # a batch index outside stops CUDA for good
        there = [x.cuda() if isinstance(x, torch.Tensor) else x for x in arguments]
        found = with_gradients(op, there, places)
        assert list(differences(found, expected)) == [], f'seed {seed}'


def runtime_libraries():
    """The libraries that must be loaded before Python's own, and a reason if not."""
    if shutil.which('g++') is None:
        return [], 'no g++'
    found = [
        subprocess.check_output(['g++', f'-print-file-name={name}'], text=True).strip()
        for name in ('libasan.so', 'libubsan.so', 'libstdc++.so')
    ]
    # A library that is not there is printed without a folder.
    missing = [name for name in found if '/' not in name]
    return found, f'{", ".join(missing)} not installed' if missing else ''


def compile_ops(folder):
    """Compile the CPU kernels into a copy of the package that stands alone."""
    ignored = shutil.ignore_patterns('_C*', 'csrc', '__pycache__')
    shutil.copytree(OPS, folder / 'ops', ignore=ignored)
    sources = [*(OPS / 'csrc').glob('*.cpp'), *(OPS / 'csrc' / 'cpu').glob('*.cpp')]
    abi = int(torch.compiled_with_cxx11_abi())
    command = ['g++', *FLAGS.split(), f'-D_GLIBCXX_USE_CXX11_ABI={abi}']
    for path in (OPS / 'csrc', *cpp_extension.include_paths()):
        command += ['-isystem', str(path)]

    def compile_file(source):
        target = folder / f'{source.stem}.o'
        subprocess.run([*command, '-c', str(source), '-o', str(target)], check=True)
        return str(target)

    with ThreadPoolExecutor(2) as pool:
        objects = list(pool.map(compile_file, sources))
    library = str(folder / 'ops' / '_C_sanitized.so')
    torch_lib = cpp_extension.library_paths()[0]
    links = [f'-L{torch_lib}', '-lc10', '-ltorch_cpu', '-ltorch']
    subprocess.run([*command, '-shared', *objects, '-o', library, *links], check=True)


@pytest.mark.slow
@pytest.mark.skipif(not sys.platform.startswith('linux'), reason='LD_PRELOAD')
def test_sanitizers_have_nothing_to_report(tmp_path):
    libraries, problem = runtime_libraries()
    if problem:
        pytest.skip(problem)
    compile_ops(tmp_path)
    script = Path(hostile_ops.__file__)
    environment = {
        **os.environ,
        'LD_PRELOAD': ' '.join(libraries),
        'ASAN_OPTIONS': 'detect_leaks=0',
        'UBSAN_OPTIONS': 'print_stacktrace=1',
        'OMP_NUM_THREADS': '2',
    }
    done = subprocess.run(
        [sys.executable, script, tmp_path, str(CASES)],
        capture_output=True,
        text=True,
        env=environment,
    )
    report = (done.stdout + done.stderr)[-4000:]
    assert done.returncode == 0, report
    assert 'Sanitizer' not in report
    assert 'runtime error' not in report
    assert f'{CASES} cases of each operator' in done.stdout
    print(done.stdout)
