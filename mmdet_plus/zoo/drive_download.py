"""Downloads through ``gdown``, which knows the pages of Google Drive."""

import re
from pathlib import Path
from typing import Any

FILE_ID = re.compile(r'drive\.google\.com/(?:file/d/|(?:uc|open)\?(?:.*&)?id=)([\w-]+)')

TIMEOUT = 30  # seconds without any byte


def is_drive_link(url: str) -> bool:
    """Whether a URL is the share link of a file in Google Drive."""
    return FILE_ID.search(url) is not None


def imported_gdown() -> Any:
    """The module.

    Raises:
        OSError: it is not installed; says how to.
    """
    try:
        import gdown
    except ImportError:
        raise OSError(
            "Google Drive needs gdown: pip install 'mmdet_plus[zoo]'"
        ) from None
    return gdown


def download_through_gdown(
    url: str, path: Path, *, resume: bool, show_progress: bool
) -> None:
    """Bring what a URL shows to ``path``; for a link to Google Drive the file behind.

    Args:
        url: any, also of another server.
        path: where the file goes once it is whole.
        resume: go on with what an earlier download left beside it.
        show_progress: a progress bar and messages.

    Raises:
        OSError: gdown is not installed, or got no file; says why.
    """
    gdown = imported_gdown()
    found = FILE_ID.search(url)
    file_id = found[1] if found else None
    try:
        got = gdown.download(
            url=None if file_id else url,
            id=file_id,
            output=str(path),
            quiet=not show_progress,
            resume=resume,
            use_cookies=False,
            timeout=TIMEOUT,
        )
    except Exception as error:  # of classes that differ between its versions
        raise OSError(f'gdown: {" ".join(str(error).split())}') from error
    if got is None:
        raise OSError('Google Drive refused the download')
    with path.open('rb') as file:
        is_page = file.read(1) == b'<'
    if is_page:
        path.unlink()
        raise OSError('the server sent a web page, not the file')
