"""Finds the weights of a model in a folder of Google Drive with those of several."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ..errors import UserError
from .drive_download import TIMEOUT, download_through_gdown, imported_gdown

FOLDER = 'drive.google.com/drive/folders/'
# What tells the models of a release apart, in the names of configs and, perhaps, files.
WORDS = ('dcr', 'dcn', 'fpn')
Check = Callable[[Path], None]


class DriveFile(NamedTuple):
    """A file of a folder."""

    file_id: str
    name: str
    """Its path below the folder."""

    @property
    def url(self) -> str:
        """Its share link."""
        return f'https://drive.google.com/file/d/{self.file_id}/view'


def is_drive_folder(url: str) -> bool:
    """Whether a URL is the share link of a folder in Google Drive."""
    return FOLDER in url


def files_in(url: str) -> list[DriveFile]:
    """All files of a folder and of those in it.

    Raises:
        OSError: gdown is not installed, or got no list; says why.
    """
    gdown = imported_gdown()
    try:
        found = gdown.download_folder(
            url=url, skip_download=True, quiet=True, use_cookies=False, timeout=TIMEOUT
        )
    except Exception as error:  # of classes that differ between its versions
        raise OSError(f'gdown: {" ".join(str(error).split())}') from error
    return [DriveFile(own.id, own.path) for own in found]


def fetch_from_folder(
    url: str,
    suffix: str,
    name: str,
    check: Check,
    kept: Path,
    *,
    show_progress: bool,
) -> tuple[Path, str]:
    """Fetch the files of a folder, the likeliest first, until one is that of a model.

    Args:
        url: share link of the folder.
        suffix: of the file.
        name: of the model, whose words may be in the name of the file too.
        check: raises ``UserError`` for a file of another model.
        kept: folder for what is fetched, which may serve other models later.
        show_progress: a progress bar.

    Returns:
        The file and its link.

    Raises:
        OSError: none is; says what is wrong with each.
    """
    files = [own for own in files_in(url) if own.name.endswith(suffix)]
    if not files:
        raise OSError(f'the folder has no {suffix} file')
    reasons = []
    for file in sorted(files, key=lambda own: _unlikeness(own.name, name)):
        path = kept / f'{file.file_id}{suffix}'
        try:
            if not path.is_file():
                download_through_gdown(
                    file.url, path, resume=True, show_progress=show_progress
                )
            check(path)
        except (OSError, UserError) as error:
            reasons.append(f'{file.name}: {str(error).removeprefix(f"{path}: ")}')
        else:
            return path, file.url
    raise OSError(
        'no file of the folder is of this model:\n    ' + '\n    '.join(reasons)
    )


def _unlikeness(file: str, model: str) -> int:
    """How many words only one of two names has."""
    return sum((word in file.lower()) != (word in model) for word in WORDS)
