"""Compile the CUDA kernels to object files, without a GPU and without a CUDA torch.

    python tools/dev/cuda_check.py [SOURCE.cu ...]

The CPU build of torch carries the C++ headers of its CUDA parts, so that ``nvcc`` is
all that is needed: on ``PATH``, in ``$CUDA_HOME/bin`` or in ``/usr/local/cuda/bin``.
About a minute for each file; they are compiled side by side.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from torch.utils.cpp_extension import COMMON_NVCC_FLAGS, include_paths

CSRC = Path(__file__).resolve().parents[2] / 'mmdet_plus' / 'ops' / 'csrc'
FLAGS = [
    *COMMON_NVCC_FLAGS,
    '-O1',
    '-std=c++17',  # what the oldest torch we support compiles extensions with
    '-diag-suppress=3306',  # torch's headers use one feature of C++20
    '-DC10_CUDA_NO_CMAKE_CONFIGURE_FILE',  # a header that CPU builds of torch lack
    '-Xcompiler=-fPIC,-Wno-c++20-extensions',
]


def say(text: str) -> None:
    print(f'[cuda-check] {text}', flush=True)


def find_nvcc() -> str:
    home = Path(os.environ.get('CUDA_HOME', '/usr/local/cuda'))
    nvcc = shutil.which('nvcc') or shutil.which(home / 'bin' / 'nvcc')
    if nvcc is None:
        raise SystemExit(
            'No nvcc on PATH, in $CUDA_HOME/bin or in /usr/local/cuda/bin. Install the '
            'CUDA compiler and runtime headers: apt install nvidia-cuda-toolkit, or '
            'conda install -c nvidia cuda-nvcc cuda-cudart-dev cuda-cccl.'
        )
    return nvcc


def compile_source(nvcc: str, source: Path, folder: Path) -> bool:
    """Whether ``source`` compiles; prints the time or the words of the compiler."""
    started = time.monotonic()
    target = folder / f'{source.stem}.o'
    includes = [f'-I{path}' for path in (CSRC, *include_paths())]
    command = [nvcc, '-c', str(source), '-o', str(target), *FLAGS, *includes]
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    compiled = done.returncode == 0 and target.is_file()
    verdict = 'compiled' if compiled else 'DOES NOT COMPILE'
    say(f'{source.name} {verdict}, {time.monotonic() - started:.0f} s')
    if done.stdout.strip():
        print(done.stdout, file=sys.stderr, flush=True)
    return compiled


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('sources', nargs='*', type=Path, help='default: all kernels')
    sources = parser.parse_args(argv).sources or sorted((CSRC / 'cuda').glob('*.cu'))
    missing = [str(source) for source in sources if not source.is_file()]
    if missing or not sources:
        raise SystemExit(f'No such source: {", ".join(missing) or CSRC / "cuda"}')
    nvcc = find_nvcc()
    say(f'{len(sources)} files with {nvcc}, a minute each')
    with (
        tempfile.TemporaryDirectory() as folder,
        ThreadPoolExecutor(os.cpu_count()) as pool,
    ):
        results = pool.map(lambda s: compile_source(nvcc, s, Path(folder)), sources)
        return 0 if all(list(results)) else 1


if __name__ == '__main__':
    sys.exit(main())
