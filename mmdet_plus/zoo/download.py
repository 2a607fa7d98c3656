"""Fetches the weights of a model: mirrors, resuming, checked hash, atomic rename."""

import hashlib
import os
import shutil
import time
import urllib.error
import urllib.request
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any, BinaryIO

from filelock import FileLock
from tqdm import tqdm

from .drive_download import download_through_gdown, is_drive_link
from .index import PACKAGE, ZooEntry, ZooError, ZooFile, published_file

CHUNK = 1 << 20
ATTEMPTS = 3  # per mirror
PAUSE = 1.0  # seconds before the second attempt, twice as long before the third
TIMEOUT = 30  # seconds without any byte
MAX_TIME = 6 * 3600  # seconds for all of a file
RANGE_REFUSED = 416
PARTIAL = 206  # status codes of HTTP
MAY_PASS = (408, 429, *range(500, 600))


class WrongBytesError(Exception):
    """A file whose hash is not the expected one."""


def cache_dir() -> Path:
    """Where weights are kept: ``mmdet_plus`` in MMENGINE_HOME."""
    default = Path(os.environ.get('XDG_CACHE_HOME', '~/.cache')) / 'mmengine'
    home = Path(os.environ.get('MMENGINE_HOME', default))
    return home.expanduser() / 'mmdet_plus'


def fetch(
    entry: ZooEntry, dest: Path | None = None, *, show_progress: bool = True
) -> Path:
    """The file with the weights of a model, downloaded unless it is there.

    Safe to call from several processes at once. A download that broke off is resumed.
    Under its final name there is never a file with another hash.

    Args:
        entry: a model of the index.
        dest: folder to put it in; None for the cache.
        show_progress: a progress bar, on a terminal.

    Raises:
        ZooError: no weights are published, or no mirror gave the right file; says why
            of each, and where a file that was fetched by hand would be looked for.
    """
    file = published_file(entry)
    shipped = _shipped(file)
    if dest is None and shipped is not None and _is_right(shipped, file):
        return shipped
    folder = dest or cache_dir()
    target = folder / f'{entry.name}-{file.sha256[:8]}{file.suffix}'
    # Needs no lock, and so no right to write: files come under this name whole.
    if _is_right(target, file):
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZooError(f'{folder} cannot be a folder for weights: {error}') from error
    if target.is_dir():
        raise ZooError(f'{target} must be a file, but is a folder: move it away')
    try:
        lock = FileLock(f'{target}.lock')
        with lock:
            reasons = _try_mirrors(target, file, show_progress)
        if not reasons:  # whoever waits finds the file
            with suppress(OSError):
                Path(lock.lock_file).unlink()
    except OSError as error:
        raise ZooError(
            f'{folder} cannot be written to: {error}. Choose another folder with '
            '--dest, or for the cache with the variable MMENGINE_HOME'
        ) from error
    if reasons:
        raise ZooError(
            f'{entry.name}: no mirror gave the file.\n  '
            + '\n  '.join(reasons)
            + f'\nWithout network, put the file here: {target}'
        )
    return target


def _try_mirrors(target: Path, file: ZooFile, show_progress: bool) -> list[str]:
    """Bring the file to its place; why no mirror gave it, empty if one did."""
    if _is_right(target, file):
        return []
    part = target.with_name(f'{target.name}.part')
    if part.is_symlink():  # which would write to another place
        part.unlink()
    reasons = []
    for url in file.urls:
        try:
            _fetch_from(url, part, file, show_progress)
        except (OSError, HTTPException, WrongBytesError) as error:
            reasons.append(f'{url}: {error or type(error).__name__}')
            continue
        part.replace(target)
        return []
    return reasons


def sha256_of(path: Path) -> str:
    """Hash of a file, 64 hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open('rb') as stream:
        while chunk := stream.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _is_right(path: Path, file: ZooFile) -> bool:
    return path.is_file() and sha256_of(path) == file.sha256


def _shipped(file: ZooFile) -> Path | None:
    for url in file.urls:
        if url.startswith('package:'):
            return PACKAGE / url.removeprefix('package:')
    return None


def _fetch_from(url: str, part: Path, file: ZooFile, show_progress: bool) -> None:
    """Bring the whole file to ``part``; a file with other bytes is removed."""
    resumed = part.is_file()
    if url.startswith('package:'):
        shutil.copyfile(PACKAGE / url.removeprefix('package:'), part)
    elif is_drive_link(url):
        # gdown would take a part for the whole file.
        part.unlink(missing_ok=True)
        download_through_gdown(url, part, resume=False, show_progress=show_progress)
    else:
        _download_with_attempts(url, part, file.size, show_progress)
    if _is_right(part, file):
        return
    part.unlink(missing_ok=True)
    if not resumed:
        raise WrongBytesError(f'the file has not the expected SHA256 {file.sha256}')
    # Perhaps only what was there before is wrong.
    _fetch_from(url, part, file, show_progress)


def _download_with_attempts(
    url: str, part: Path, size: int, show_progress: bool
) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        try:
            _download_rest(url, part, size, show_progress)
        except (OSError, HTTPException) as error:
            if attempt == ATTEMPTS or not _may_pass(error):
                raise
            time.sleep(PAUSE * 2 ** (attempt - 1))
        else:
            return


def _may_pass(error: Exception) -> bool:
    """Whether to try again: not where the server said that it has no such file."""
    if isinstance(error, urllib.error.HTTPError):
        return error.code in MAY_PASS
    return True


def _download_rest(url: str, part: Path, size: int, show_progress: bool) -> None:
    """Download the rest of a file, or all of it from servers that only do that."""
    start = part.stat().st_size if part.is_file() else 0
    if start >= size:  # more than there is: nothing to resume
        part.unlink(missing_ok=True)
        start = 0
    headers = {'Range': f'bytes={start}-'} if start else {}
    request = urllib.request.Request(url, headers=headers)
    with _opened(request, part) as response:
        status = getattr(response, 'status', None)
        start = start if status == PARTIAL else 0
        with part.open('ab' if start else 'wb') as stream:
            _copy(response, stream, start, size, show_progress)
    if part.stat().st_size < size:
        raise ConnectionError(f'broke off after {part.stat().st_size} of {size} bytes')


def _opened(request: urllib.request.Request, part: Path) -> Any:
    try:
        return urllib.request.urlopen(request, timeout=TIMEOUT)
    except urllib.error.HTTPError as error:
        if error.code == RANGE_REFUSED:
            # The next attempt asks for all of the file.
            part.unlink(missing_ok=True)
            raise ConnectionError('the server does not resume this file') from error
        raise


def _copy(
    response: BinaryIO, stream: BinaryIO, start: int, size: int, show_progress: bool
) -> None:
    with tqdm(
        total=size,
        initial=start,
        unit='B',
        unit_scale=True,
        disable=None if show_progress else True,
    ) as bar:
        # One byte beyond the size shows that it is another file; no need for more.
        missing = size + 1 - start
        deadline = time.monotonic() + MAX_TIME
        while missing > 0 and (chunk := response.read(min(CHUNK, missing))):
            stream.write(chunk)
            bar.update(len(chunk))
            if time.monotonic() > deadline:
                raise TimeoutError(f'took more than {MAX_TIME} seconds')
            missing -= len(chunk)
