"""Install mmcv with its compiled ops into the running Python environment.

A wheel from the cache or the package index is used when there is one. Otherwise mmcv is
compiled from source. Nearly all of that time goes into parsing the same torch headers
for every file, so on CPU builds of torch they are precompiled once; where that fails
the plain build runs.

    python tools/dev/install_mmcv.py [--force]

The built wheel is kept in ``$MMDET_PLUS_CACHE`` (default ``~/.cache/mmdet_plus``).
"""

import argparse
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
from pathlib import Path

REQUIREMENT = 'onedl-mmcv==2.3.6'
# Precompiled headers are used only if these are, in this order, the flags of the build.
CPU_FLAGS = ['-O2', '-DNDEBUG', '-g0']
EXTENSION_FLAGS = [
    '-fPIC',
    '-std=c++17',
    '-DTORCH_API_INCLUDE_EXTENSION_H',
    '-DTORCH_EXTENSION_NAME=_ext',
]


def say(text: str) -> None:
    print(f'[mmcv] {text}', flush=True)


def pip(*args: str, **kwargs) -> subprocess.CompletedProcess:
    command = [sys.executable, '-m', 'pip', '--disable-pip-version-check', *args]
    return subprocess.run(command, text=True, **kwargs)


def import_error() -> str:
    """Why ``import mmcv.ops`` fails; empty when it works."""
    command = [sys.executable, '-c', 'import mmcv.ops']
    done = subprocess.run(command, capture_output=True, text=True)
    return '' if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def wheel_cache() -> Path:
    """Folder of wheels for exactly this Python, torch and platform."""
    import torch

    root = os.environ.get('MMDET_PLUS_CACHE', Path.home() / '.cache' / 'mmdet_plus')
    platform = sysconfig.get_platform().replace('-', '_')
    key = f'{sys.implementation.cache_tag}-torch{torch.__version__}-{platform}'
    folder = Path(root).expanduser() / 'wheels' / key
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def download(kind: str, folder: Path) -> Path | None:
    """Fetch the prebuilt wheel or the source archive; None when the index has none."""
    only = '--only-binary=:all:' if kind == 'wheel' else '--no-binary=onedl-mmcv'
    args = ('download', '-q', '--no-deps', '--no-build-isolation', only, '-d', folder)
    done = pip(*map(str, args), REQUIREMENT, capture_output=True)
    if done.returncode != 0 and kind != 'wheel':
        raise SystemExit(f'{done.stderr}\nCould not download {REQUIREMENT}.')
    files = sorted(Path(folder).glob('*.whl' if kind == 'wheel' else '*.tar.gz'))
    return files[0] if files else None


def precompile_header(folder: Path) -> Path | None:
    """Precompile ``torch/types.h`` for the flags of the build; None when it fails."""
    import torch
    from torch.utils.cpp_extension import include_paths

    if torch.version.cuda or torch.version.hip or sys.platform != 'linux':
        return None
    header = folder / 'mmcv_precompiled.h'
    header.write_text('#include <torch/types.h>\n')
    includes = [*include_paths(), sysconfig.get_path('include')]
    flags = [*CPU_FLAGS, *EXTENSION_FLAGS, *(f'-I{path}' for path in includes)]
    compiler = os.environ.get('CXX', 'c++')
    command = [compiler, *flags, '-x', 'c++-header', str(header), '-o', f'{header}.gch']
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        raise SystemExit(
            f'No C++ compiler ({compiler}): apt install g++, or set CXX.'
        ) from None
    return header if done.returncode == 0 else None


def watch(process: subprocess.Popen, source: Path) -> int:
    """Print how many object files there are until the build ends."""
    csrc = source / 'mmcv' / 'ops' / 'csrc' / 'pytorch'
    total = len([*csrc.glob('*.cpp'), *csrc.glob('cpu/*.cpp')])
    started, shown = time.monotonic(), -1
    while process.poll() is None:
        time.sleep(1)
        compiled = len(list(source.glob('build/**/*.o')))
        if compiled >= shown + 10:
            shown = compiled
            seconds = time.monotonic() - started
            say(f'{compiled}/{total} files compiled, {seconds:.0f} s')
    return process.returncode


def build(source: Path, folder: Path, header: Path | None) -> Path | None:
    """Compile the source tree into a wheel in ``folder``; None when that fails."""
    env = dict(os.environ, MMCV_WITH_OPS='1', MAX_JOBS=str(os.cpu_count()))
    if header is not None:
        env['CFLAGS'] = ' '.join([*CPU_FLAGS, '-include', str(header)])
    shutil.rmtree(source / 'build', ignore_errors=True)
    args = [
        'wheel',
        '--no-deps',
        '--no-build-isolation',
        '-w',
        str(folder),
        str(source),
    ]
    log = folder / 'build.log'
    with log.open('w') as out:
        command = [sys.executable, '-m', 'pip', *args]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=out)
        code = watch(process, source)
    wheels = sorted(folder.glob('*.whl'))
    if code == 0 and wheels:
        return wheels[0]
    print(log.read_text()[-4000:], file=sys.stderr)
    return None


def compile_wheel(folder: Path) -> Path:
    archive = download('source', folder)
    assert archive is not None
    with tarfile.open(archive) as tar:
        # Pythons before 3.10.12 lack the filter.
        safe = {'filter': 'data'} if hasattr(tarfile, 'data_filter') else {}
        tar.extractall(folder, **safe)
    source = archive.with_name(archive.name.removesuffix('.tar.gz'))
    say('precompiling the torch headers')
    header = precompile_header(folder)
    say(
        f'compiling with {os.cpu_count()} jobs, {"3" if header else "15"} minutes or so'
    )
    wheel = build(source, folder, header)
    if wheel is None and header is not None:
        say('that failed; once more without precompiled headers, 15 minutes or so')
        wheel = build(source, folder, None)
    if wheel is None:
        raise SystemExit('mmcv did not compile; the end of its log stands above.')
    return wheel


def find_or_build_wheel() -> Path:
    cache = wheel_cache()
    cached = sorted(cache.glob('onedl_mmcv-*.whl'))
    if cached:
        say(f'wheel from {cache}')
        return cached[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        wheel = download('wheel', folder) or compile_wheel(folder)
        partial = cache / f'{wheel.name}.{os.getpid()}.partial'
        shutil.copy(wheel, partial)
        partial.rename(cache / wheel.name)
    return cache / wheel.name


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--force', action='store_true', help='install again')
    args = parser.parse_args()
    if not import_error() and not args.force:
        say('import mmcv.ops works already')
        return
    wheel = find_or_build_wheel()
    pip('install', '-q', '--force-reinstall', '--no-deps', str(wheel), check=True)
    pip('install', '-q', str(wheel), check=True)  # what it needs
    if problem := import_error():
        raise SystemExit(f'{wheel} is installed but mmcv.ops fails: {problem}')
    say('import mmcv.ops works')


if __name__ == '__main__':
    main()
