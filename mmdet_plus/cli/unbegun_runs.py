"""Takes back what a run wrote that failed before its first iteration."""

import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import UserError

CONFIGS = ('.py', '.yml', '.yaml')  # suffixes


@contextmanager
def taken_back(
    folders: Iterable[Path], has_begun: Callable[[], bool]
) -> Iterator[None]:
    """Leave folders as they were where a ``UserError`` ends a run too early.

    A log of a run without an iteration says no more than the message does, and the
    copy of its config would replace that of an earlier run.

    Args:
        folders: which the run writes to; they may be absent.
        has_begun: whether there was an iteration, so that all is kept.
    """
    before = [_Folder(folder) for folder in folders]
    try:
        yield
    except UserError:
        if not has_begun():
            for folder in before:
                folder.restore()
        raise


class _Folder:
    """What was in a folder: names of all, and the text of its config files."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.absent = [p for p in (self.path, *self.path.parents) if not p.exists()]
        found = [] if self.absent else [*self.path.iterdir()]
        self.names = {entry.name for entry in found}
        self.configs = {
            entry: entry.read_bytes()
            for entry in found
            if entry.suffix in CONFIGS and entry.is_file()
        }

    def restore(self) -> None:
        if not self.path.is_dir():
            return
        for entry in [*self.path.iterdir()]:
            if entry.name not in self.names:
                _remove(entry)
        for entry, content in self.configs.items():
            if entry.read_bytes() != content:
                entry.write_bytes(content)
        for folder in self.absent:
            if folder.is_dir() and not any(folder.iterdir()):
                folder.rmdir()


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
