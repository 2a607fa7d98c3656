"""Takes back what a run wrote that failed before its first iteration.

A log of a run without an iteration says no more than the message does, and the copy of
its config would replace that of an earlier run.
"""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple


class _Config(NamedTuple):
    """A config file that a run has written."""

    path: Path
    before: bytes | None
    """What it held, None if it was absent."""
    modified: int
    """When the run wrote it, in nanoseconds."""


class Traces:
    """What a run itself writes into its work directory, and nothing else there.

    Other runs may write to the folder meanwhile, and it may be one of the user's.

    Args:
        work_dir: of the run; it may be absent.

    Attributes:
        logs: the folder of its logs; None where there is none, or not of its own.
    """

    def __init__(self, work_dir: str | Path) -> None:
        self.logs: Path | None = None
        self._absent = absent_folders(work_dir)
        self._config: _Config | None = None

    @contextmanager
    def config_written(self, path: Path) -> Iterator[None]:
        """Note what a file holds before the config is written to it."""
        before = None
        if path.exists():
            try:
                before = path.read_bytes()
            except OSError:  # it could not be restored
                yield
                return
        try:
            yield
        finally:
            with suppress(OSError):
                self._config = _Config(path, before, path.stat().st_mtime_ns)

    def take_back(self) -> None:
        """Remove the logs, restore the config, and leave no empty folder behind."""
        if self.logs is not None:
            shutil.rmtree(self.logs, ignore_errors=True)
        if self._config is not None:
            _restore(self._config)
        remove_empty(self._absent)


def _restore(config: _Config) -> None:
    with suppress(OSError):
        if config.path.stat().st_mtime_ns != config.modified:
            return  # another run has written it since
        if config.before is None:
            config.path.unlink()
        else:
            config.path.write_bytes(config.before)


def absent_folders(path: str | Path) -> list[Path]:
    """A folder and those above it, as far as they have to be made, innermost first."""
    place = Path(path).absolute()
    return [folder for folder in (place, *place.parents) if not folder.exists()]


def remove_empty(folders: Iterable[Path]) -> None:
    """Remove those of the folders that are empty, in their order."""
    for folder in folders:
        with suppress(OSError):
            folder.rmdir()
