"""The models that ``configs/*/metafile.yml`` describe."""

import difflib
import re
from pathlib import Path
from typing import Any, NamedTuple

from mmengine.fileio import load

from ..errors import UserError

PACKAGE = Path(__file__).parents[1]
SCHEME = 'zoo://'
SHA256 = re.compile(r'[0-9a-f]{64}')
FORMATS = ('.pth', '.params', '.caffemodel')  # of releases
URL = re.compile(r'(https?://|file:///|package:).+')


class ZooError(UserError):
    """A model that the zoo does not have, or a file that it cannot get."""


class ZooFile(NamedTuple):
    """A file of weights and where it comes from.

    Attributes:
        urls: mirrors, tried in order: ``https://...``, ``http://...``,
            ``file:///absolute/path``, ``package:path/in/mmdet_plus``, or a share link
            of Google Drive.
        sha256: of the file, 64 hexadecimal digits.
        size: in bytes.
        license: of the weights.
        trained_by: who trained them.
        trained_on: the data.
    """

    urls: tuple[str, ...]
    sha256: str
    size: int
    license: str
    trained_by: str
    trained_on: str

    @property
    def suffix(self) -> str:
        """Suffix of the file name: ``.pth`` unless the first URL names another."""
        return '.safetensors' if self.urls[0].endswith('.safetensors') else '.pth'


class ZooRelease(NamedTuple):
    """Weights that the authors of a paper published, in the file of their code base.

    Attributes:
        urls: mirrors of the file, tried in order; may be empty.
        pages: where people find it besides, such as a folder of files.
        suffix: of the file.
        license: of the code base, as no licence names the weights; None where the
            authors state none at all.
        released_by: whose release it is.
        code: the code base.
    """

    urls: tuple[str, ...]
    pages: tuple[str, ...]
    suffix: str
    license: str | None
    released_by: str
    code: str


class ZooEntry(NamedTuple):
    """A model of the index.

    Attributes:
        name: stem of its config file.
        config: path of its config file.
        results: as the metafile states them.
        file: None where this package publishes no weights.
        release: what those are converted from that the authors published, if any.
    """

    name: str
    config: Path
    results: list[dict[str, Any]]
    file: ZooFile | None
    release: ZooRelease | None = None


def index_root() -> Path:
    """The folder that holds ``model-index.yml`` and ``configs``."""
    checkout = PACKAGE.parent
    # Beside an installed package may lie a folder `configs` of another one.
    is_checkout = (checkout / 'model-index.yml').is_file()
    return checkout if is_checkout else PACKAGE / '.mim'


def load_index(root: Path | None = None) -> dict[str, ZooEntry]:
    """All models by name.

    Args:
        root: folder of ``model-index.yml``; None for that of this package.

    Raises:
        ZooError: a metafile is malformed; says which model and what is wrong.
    """
    root = root or index_root()
    index = load(root / 'model-index.yml')
    entries: dict[str, ZooEntry] = {}
    for path in index['Import']:
        for model in load(root / path)['Models']:
            entry = _parse(model, root, path)
            if entry.name in entries:
                raise ZooError(f'{path}: {entry.name} is described twice')
            entries[entry.name] = entry
    return entries


def find_entry(name: str, root: Path | None = None) -> ZooEntry:
    """The model of a name.

    Raises:
        ZooError: there is none; names those that are spelt alike.
    """
    entries = load_index(root)
    if name not in entries:
        alike = difflib.get_close_matches(name, entries, n=3)
        hint = f'; did you mean {", ".join(alike)}?' if alike else ''
        raise ZooError(f'the zoo has no model {name!r}{hint}')
    return entries[name]


def check_has_weights(entry: ZooEntry) -> None:
    """Raise ``ZooError`` for a model that weights can be had of from nowhere."""
    if entry.release is None:
        published_file(entry)


def published_file(entry: ZooEntry) -> ZooFile:
    """The file with the weights of a model.

    Raises:
        ZooError: this package publishes none.
    """
    if entry.file is None:
        raise ZooError(f'no weights of {entry.name} are published')
    return entry.file


def _parse(model: dict[str, Any], root: Path, path: str) -> ZooEntry:
    name = model.get('Name', '?')
    try:
        config = root / model['Config']
        file, release = _parse_weights(name, model)
    except KeyError as error:
        raise ZooError(f'{path}: {name} lacks {error}') from None
    except ValueError as error:
        raise ZooError(f'{path}: {name}: {error}') from None
    if config.stem != name:
        raise ZooError(f'{path}: {name} must be named as its config, {config.stem}')
    return ZooEntry(name, config, model.get('Results', []), file, release)


def _parse_weights(
    name: str, model: dict[str, Any]
) -> tuple[ZooFile | None, ZooRelease | None]:
    weights = model.get('Weights')
    if weights is None:
        return None, None
    # What MMEngine reads; everything about the file itself stands in the other keys.
    if weights != f'{SCHEME}{name}':
        raise ValueError(f'Weights must be {SCHEME}{name}, got {weights!r}')
    if 'Converted From' in model:
        return None, _parse_release(model['Converted From'])
    return _parse_file(model['File']), None


def _parse_release(release: dict[str, Any]) -> ZooRelease:
    urls, pages = release.get('URLs', []), release.get('Pages', [])
    if not urls and not pages:
        raise ValueError('Converted From must have URLs or Pages')
    _check_urls(urls)
    if release['Format'] not in FORMATS:
        raise ValueError(
            f'Format must be one of {", ".join(FORMATS)}, got {release["Format"]!r}'
        )
    return ZooRelease(
        urls=tuple(urls),
        pages=tuple(pages),
        suffix=release['Format'],
        license=release['License'],
        released_by=release['Released By'],
        code=release['Code'],
    )


def _parse_file(file: dict[str, Any]) -> ZooFile:
    if not SHA256.fullmatch(str(file['SHA256'])):
        raise ValueError(f'SHA256 must be 64 hexadecimal digits, got {file["SHA256"]}')
    if not file['URLs'] or not isinstance(file['URLs'], list):
        raise ValueError(f'URLs must be a list of mirrors, got {file["URLs"]!r}')
    _check_urls(file['URLs'])
    return ZooFile(
        urls=tuple(file['URLs']),
        sha256=file['SHA256'],
        size=int(file['Size']),
        license=file['License'],
        trained_by=file['Trained By'],
        trained_on=file['Trained On'],
    )


def _check_urls(urls: list[str]) -> None:
    for url in urls:
        if not URL.fullmatch(url):
            raise ValueError(
                f'URLs begin with https://, http://, file:/// or package:, got {url!r}'
            )
