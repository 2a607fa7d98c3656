"""Files and folders that are written whole or not at all."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = '.part'


@contextmanager
def written_whole(path: str | Path) -> Iterator[Path]:
    """Give a place beside ``path`` to write to; it becomes ``path`` at the end.

    Where writing fails or is interrupted, what was under the name before stays. A
    killed process may leave the place beside; ``remove_parts`` clears those away.

    Args:
        path: of the file, which may exist; its folder must.

    Raises:
        OSError: the file cannot be written; names it.
    """
    path = Path(path)
    part = part_of(path)
    try:
        yield part
        with part.open('rb+') as stream:
            os.fsync(stream.fileno())
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise type(error)(error.errno, error.strerror, str(path)) from error
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def part_of(path: Path) -> Path:
    """Where a file is written to before it gets its name."""
    return path.with_name(f'{path.stem}.{os.getpid()}{PART}{path.suffix}')


@contextmanager
def folder_written_whole(path: str | Path) -> Iterator[Path]:
    """Give an empty folder beside ``path`` to fill; it becomes ``path`` at the end.

    Where writing fails or is interrupted, what was under the name before stays. A
    killed process may leave the folder beside, ``NAME.PROCESS.part``.

    Args:
        path: of the folder, absent or empty, or to be replaced with all it holds.

    Raises:
        OSError: ``path`` is a file, or the root of another disk, to which nothing can
            be renamed.
    """
    path = Path(path).resolve()
    _check_renaming(path)
    part = path.with_name(f'{path.name}.{os.getpid()}{PART}')
    shutil.rmtree(part, ignore_errors=True)  # of a killed process of this number
    part.mkdir(parents=True)
    try:
        yield part
        _put(part, path)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _check_renaming(path: Path) -> None:
    if not path.exists():
        return
    if not path.is_dir():
        raise NotADirectoryError(f'{path} is not a folder')
    if path.stat().st_dev != path.parent.stat().st_dev:
        raise OSError(f'{path} is the root of a disk; name a folder in it')


def _put(part: Path, path: Path) -> None:
    if not path.exists():
        part.rename(path)
    elif any(path.iterdir()):
        old = part.with_name(f'{path.name}.old.{os.getpid()}{PART}')
        path.rename(old)
        try:
            part.rename(path)
        except BaseException:
            old.rename(path)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        # It may be the working directory. Files, which say what is there, come last.
        for item in sorted(part.iterdir(), key=Path.is_file):
            item.rename(path / item.name)


def remove_parts(folder: str | Path, stem: str) -> None:
    """Remove what killed processes left beside the files of a folder.

    Args:
        folder: where they are.
        stem: glob pattern of the names without suffix, such as ``epoch_*``.
    """
    for part in Path(folder).glob(f'{stem}.*{PART}.*'):
        part.unlink(missing_ok=True)
