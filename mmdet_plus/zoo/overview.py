"""The page ``docs/model_zoo.md``, made from the index."""

from itertools import groupby
from pathlib import Path

from .index import ZooEntry, load_index

HEAD = """\
# Model zoo

Made from `configs/*/metafile.yml` by `python tools/dev/make_model_zoo.py`; do not edit.

Models with weights load by name: `zoo://NAME` wherever a checkpoint is asked for, and
`python tools/image_demo.py IMAGE --model NAME`. Files are checked against their SHA256.
`python tools/zoo.py info NAME` tells licence, data and who reported the result.
"""
TABLE = """
## {folder}

| model | weights | result | reported by |
| --- | --- | --- | --- |
"""


def overview(root: Path | None = None) -> str:
    """The text of the page.

    Args:
        root: as for ``load_index``.
    """
    entries = load_index(root).values()
    text = HEAD
    for folder, models in groupby(entries, key=lambda entry: entry.config.parent.name):
        text += TABLE.format(folder=folder)
        text += ''.join(f'| {" | ".join(_cells(entry))} |\n' for entry in models)
    return text


def _cells(entry: ZooEntry) -> tuple[str, ...]:
    folder = entry.config.parent.name
    link = f'[{entry.name}](../configs/{folder}/{entry.config.name})'
    size = '[released](released_models.md)' if entry.release else '-'
    size = f'{entry.file.size / 2**20:.1f} MiB' if entry.file else size
    results = [
        f'{result["Dataset"]}: '
        + ', '.join(f'{name} {value}' for name, value in result['Metrics'].items())
        for result in entry.results
    ]
    reporters = [result['Reported By'] for result in entry.results]
    return link, size, '; '.join(results) or '-', '; '.join(reporters) or '-'
