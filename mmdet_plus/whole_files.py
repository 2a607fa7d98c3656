"""Files that are written whole or not at all."""

import os
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
    part = path.with_name(f'{path.stem}.{os.getpid()}{PART}{path.suffix}')
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


def remove_parts(folder: str | Path, stem: str) -> None:
    """Remove what killed processes left beside the files of a folder.

    Args:
        folder: where they are.
        stem: glob pattern of the names without suffix, such as ``epoch_*``.
    """
    for part in Path(folder).glob(f'{stem}.*{PART}.*'):
        part.unlink(missing_ok=True)
