"""Finds out before any work whether results can be written where they shall go."""

import os
from pathlib import Path

from matplotlib.backend_bases import FigureCanvasBase

from ..errors import UserError
from ..whole_files import part_of


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
    if not os.fspath(path) or Path(path).is_dir():
        raise UserError(f'{name} {path} is a folder; name a file')
    check_folder(Path(path).parent, f'{name} {path}: folder')
    _exists(part_of(Path(path)))  # whose name is longer


def check_picture(path: str | os.PathLike[str], name: str) -> None:
    """Raise ``UserError`` unless a picture can be written; see ``check_folder``."""
    check_file(path, name)
    suffix = Path(path).suffix.lower().removeprefix('.')
    if suffix not in FigureCanvasBase.get_supported_filetypes():
        raise UserError(f'{name} {path} must end as pictures do, such as in .png')


def check_not_source(path: Path, source: Path) -> None:
    """Raise ``UserError`` for a file that would replace the one it is made from."""
    if path.exists() and source.exists() and path.samefile(source):
        raise UserError(
            f'{path} is the file to read from: give the result another name'
        )


def _exists(path: Path) -> bool:
    # ``Path.exists`` says no below a file, but raises for a name that is too long.
    try:
        return path.exists()
    except OSError as error:
        raise UserError(f'{path} cannot be used: {error.strerror}') from error
