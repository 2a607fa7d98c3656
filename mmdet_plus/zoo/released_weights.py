"""Weights of the authors' releases: fetched from where they are, and converted here.

Nothing of theirs is redistributed. Nobody published a SHA256 of their files: that of
the first one that was fetched is remembered, and asked of every later one.
"""

import json
import shutil
import sys
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock
from mmdet.registry import DATASETS
from mmengine.config import Config
from mmengine.registry import init_default_scope

from ..errors import UserError
from ..tool_names import tool_command
from ..whole_files import written_whole
from .conversion.converting import check_complete, convert_file, write_checkpoint
from .download import cache_dir, fetch, sha256_of
from .drive_download import download_through_gdown
from .drive_folder import fetch_from_folder, is_drive_folder
from .index import ZooEntry, ZooError, ZooRelease


def released_dir() -> Path:
    """Where files of the authors are kept, in their own formats."""
    return cache_dir() / 'released'


def fetch_weights(entry: ZooEntry, dest: Path | None = None, **options: Any) -> Path:
    """The checkpoint of a model, published here or converted from a release.

    Args:
        entry: a model of the index.
        dest: folder to put it in; None for the cache.
        options: of ``fetch_released``, for models with a release.

    Raises:
        ZooError: see ``fetch`` and ``fetch_released``.
    """
    if entry.release is None:
        return fetch(entry, dest)
    return fetch_released(entry, dest, **options)


def fetch_released(
    entry: ZooEntry,
    dest: Path | None = None,
    *,
    file: Path | None = None,
    sha256: str | None = None,
    accept_unlicensed: bool = False,
    show_progress: bool = True,
) -> Path:
    """The checkpoint of a model that is converted from its authors' release.

    Fetches the authors' file unless it is there, converts it, and checks that every
    weight of the model was found in its shape. Safe to call from several processes.

    Args:
        entry: a model of the index with a release.
        dest: folder for the checkpoint; None for the cache.
        file: the authors' file, if it was fetched by hand; a copy is kept.
        sha256: what the hash of the authors' file must be; None for that of the file
            that was fetched first.
        accept_unlicensed: fetch also what its authors state no licence for.
        show_progress: a progress bar and messages.

    Raises:
        ZooError: no licence, no file, or another file than the first one.
        UserError: the file does not fit the model.
    """
    folder = dest or cache_dir()
    source = released_dir() / f'{entry.name}{_release(entry).suffix}'
    known = _remembered(_record_of(source))
    done = folder / f'{entry.name}-{known[:8]}.pth' if known else None
    is_asked = file is None and sha256 in (None, known)
    if done is not None and done.is_file() and is_asked:
        return done
    _check_licence(entry, accept_unlicensed)
    for needed in (folder, source.parent):
        _make_folder(needed)
    try:
        with FileLock(f'{source}.lock'):
            return _fetch_and_convert(
                entry, source, folder, file, sha256, show_progress
            )
    except OSError as error:
        raise ZooError(
            f'{entry.name}: {error}. Weights are kept in {folder} and {source.parent}: '
            'choose another cache with the variable MMENGINE_HOME'
        ) from error


def _fetch_and_convert(
    entry: ZooEntry,
    source: Path,
    folder: Path,
    file: Path | None,
    sha256: str | None,
    show_progress: bool,
) -> Path:
    record = _record_of(source)
    url = 'a file put there by hand'
    if file is not None:
        _keep(entry, file, source, record, sha256)
    elif not source.is_file():
        url = _download_release(entry, source, show_progress)
    digest = _checked_digest(entry, source, record, sha256)
    target = folder / f'{entry.name}-{digest[:8]}.pth'
    if not target.is_file():
        _convert(entry, source, digest, target)
    _remember(entry, record, digest, url)
    return target


def _record_of(source: Path) -> Path:
    """Where the SHA256 of an authors' file is remembered."""
    return source.with_name(f'{source.name}.json')


def _release(entry: ZooEntry) -> ZooRelease:
    assert entry.release is not None, 'of a model that is converted from a release'
    return entry.release


def _remembered(record: Path) -> str | None:
    return json.loads(record.read_text())['sha256'] if record.is_file() else None


def _check_licence(entry: ZooEntry, accepted: bool) -> None:
    release = _release(entry)
    if release.license is None and not accepted:
        raise ZooError(
            f'{entry.name}: the {release.released_by} state no licence, so all rights '
            f'in these weights are theirs ({release.code}). If you may use them: '
            f'{tool_command("zoo.py")} download {entry.name} --accept-unlicensed'
        )


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ZooError(f'{folder} cannot be a folder for weights: {error}') from error


def _keep(
    entry: ZooEntry, file: Path, source: Path, record: Path, sha256: str | None
) -> None:
    """Copy a file fetched by hand to where it is looked for."""
    if not file.is_file():
        raise ZooError(f'{entry.name}: there is no file {file}')
    _checked_digest(entry, file, record, sha256)
    _copy(file, source)


def _copy(file: Path, source: Path) -> None:
    with written_whole(source) as part:
        shutil.copyfile(file, part)


def _download_release(entry: ZooEntry, source: Path, show_progress: bool) -> str:
    """Bring the authors' file to ``source``; returns the mirror that gave it."""
    reasons = []
    for url in _release(entry).urls:
        try:
            return _download_from(url, entry, source, show_progress)
        except OSError as error:
            reasons.append(f'{url}: {error}')
    raise ZooError(_how_by_hand(entry, source, reasons))


def _download_from(url: str, entry: ZooEntry, source: Path, show_progress: bool) -> str:
    """Bring the file to ``source``; returns its own URL, also of one in a folder."""
    if url.startswith('file:///'):
        _copy(Path(url.removeprefix('file://')), source)
    elif is_drive_folder(url):
        path, url = fetch_from_folder(
            url,
            source.suffix,
            entry.name,
            partial(_check_whole, Config.fromfile(entry.config)),
            source.parent,
            show_progress=show_progress,
        )
        _copy(path, source)
    else:
        download_through_gdown(url, source, resume=True, show_progress=show_progress)
    return url


def _check_whole(cfg: Config, path: Path) -> None:
    """Raise ``UserError`` for a file that fills not all of a model, or more."""
    result = convert_file(path, cfg)[1]
    check_complete(result)
    if result.unused:
        raise UserError(f'{len(result.unused)} of its weights have no place')


def _how_by_hand(entry: ZooEntry, source: Path, reasons: list[str]) -> str:
    release = _release(entry)
    what = 'no mirror gave the file' if reasons else 'no mirror has it as one file'
    zoo = f'{tool_command("zoo.py")} download {entry.name}'
    convert = tool_command('model_converters/convert_weights.py')
    return '\n  '.join(
        [
            f'{entry.name}: {what} of the {release.released_by}.',
            *reasons,
            'Fetch it by hand:',
            *(f'  {place}' for place in (*release.urls, *release.pages)),
            f'put it here: {source}',
            f'and convert it: {zoo}',
            f'or: {zoo} --file FILE',
            f'or wherever it is: {convert} FILE {entry.config} OUT.pth',
        ]
    )


def _checked_digest(
    entry: ZooEntry, source: Path, record: Path, sha256: str | None
) -> str:
    """The hash of the authors' file, if it is what it should be."""
    digest = sha256_of(source)
    expected = sha256 or _remembered(record)
    if expected not in (None, digest):
        why = 'asked for' if sha256 else f'of the first one, remembered in {record}'
        raise ZooError(
            f'{entry.name}: {source} has the SHA256 {digest}, not {expected}, the one '
            f'{why}. Delete what you do not trust'
        )
    return digest


def _remember(entry: ZooEntry, record: Path, digest: str, url: str) -> None:
    if _remembered(record) == digest:
        return
    with written_whole(record) as part:
        part.write_text(json.dumps(dict(sha256=digest, url=url)))
    print(
        f'{entry.name}: SHA256 {digest} of {url} is trusted from now on: nobody '
        'published one',
        file=sys.stderr,
    )


def _convert(entry: ZooEntry, source: Path, digest: str, target: Path) -> None:
    cfg = Config.fromfile(entry.config)
    try:
        _, result = convert_file(source, cfg)
        check_complete(result)
    except UserError as error:
        raise ZooError(
            f'{entry.name}: {source} is not the released file, or a part of it: '
            f'{error}. Delete it to fetch it again'
        ) from error
    origin = dict(released_by=_release(entry).released_by, sha256=digest)
    meta = dict(dataset_meta=_dataset_meta(cfg), converted_from=origin)
    write_checkpoint(result, target, meta)


def _dataset_meta(cfg: Config) -> dict[str, Any]:
    """Names and colours of the classes of a config's test data."""
    init_default_scope('mmdet')
    return dict(DATASETS.get(cfg.test_dataloader.dataset.type).METAINFO)
