"""Finds out before any work whether results can be written where they shall go."""

import os
from pathlib import Path

from ..errors import UserError


def check_folder(path: str | os.PathLike[str], name: str) -> None:
    """Raise ``UserError`` unless a folder is there to write to, or can be made.

    Args:
        path: of the folder.
        name: what it is, or the flag that names it, for the message.
    """
    folder = Path(path).absolute()
    present = next(place for place in (folder, *folder.parents) if _exists(place))
    if not present.is_dir():
        tail = '' if present == folder else f', as {present} is a file'
        state = 'is a file' if present == folder else 'cannot be made'
        raise UserError(f'{name} {path} {state}{tail}')
    if not os.access(present, os.W_OK | os.X_OK):
        raise UserError(f'{name} {path}: nothing may be written into {present}')


def check_file(path: str | os.PathLike[str], name: str) -> None:
    """Raise ``UserError`` unless a file can be written; see ``check_folder``."""
    if Path(path).is_dir():
        raise UserError(f'{name} {path} is a folder; name a file')
    check_folder(Path(path).parent, f'{name} {path}: folder')


def _exists(path: Path) -> bool:
    # ``Path.exists`` says no below a file, but raises for a name that is too long.
    try:
        return path.exists()
    except OSError as error:
        raise UserError(f'{path} cannot be used: {error.strerror}') from error
