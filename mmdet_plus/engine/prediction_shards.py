"""Predictions of a test in pieces, in a folder that several processes share."""

import json
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from ..errors import UserError
from ..whole_files import remove_parts, written_whole
from ..zoo.safe_loading import load_checkpoint_file

ABOUT = 'test.json'
SUFFIX = '.shard.pth'


class PredictionShards:
    """A folder with the predictions of one test, a file for some images each.

    Files are whole or not there, so that a killed process loses its last images only.
    They are read without running what is in them.

    Args:
        folder: need not exist.
        about: what is tested; texts by which another test is told from this one.
    """

    def __init__(self, folder: str | Path, about: Mapping[str, str]) -> None:
        self.folder = Path(folder)
        self.about = dict(about)

    def check(self) -> None:
        """See that the folder may be used; write nothing.

        Raises:
            UserError: it holds other files, or predictions of another test.
        """
        path = self.folder / ABOUT
        if not path.is_file():
            if self.folder.is_dir() and any(self.folder.iterdir()):
                raise UserError(
                    f'--shards {self.folder} holds other files; name an empty folder'
                )
            return
        there = self._there(path)
        differing = [key for key in self.about if there.get(key) != self.about[key]]
        if differing:
            raise UserError(
                f'--shards {self.folder} is of another test: not the same '
                f'{", ".join(differing)}; name another folder, or remove this one'
            )

    def claim(self) -> None:
        """Note whose predictions the folder holds; by one process."""
        self.folder.mkdir(parents=True, exist_ok=True)
        remove_parts(self.folder, '*')
        with written_whole(self.folder / ABOUT) as part:
            part.write_text(json.dumps(self.about, indent=1))

    def read(self) -> dict[int, list[Any]]:
        """For each index of an image in the data set, what each metric keeps of it.

        Raises:
            UserError: a file cannot be read; names it.
        """
        found: dict[int, list[Any]] = {}
        for path in sorted(self.folder.glob(f'*{SUFFIX}')):
            found.update(load_checkpoint_file(path)['results'])
        return found

    def write(self, results: Mapping[int, list[Any]]) -> None:
        """Add a file with the results of some images, by their indices."""
        if not results:
            return
        path = self.folder / f'{min(results):08d}-{uuid.uuid4().hex[:8]}{SUFFIX}'
        with written_whole(path) as part:
            torch.save(dict(results=dict(results)), part)

    def _there(self, path: Path) -> dict[str, Any]:
        try:
            there = json.loads(path.read_text())
        except (OSError, ValueError) as error:
            raise UserError(f'{path} cannot be read: {error}') from error
        if not isinstance(there, dict):
            raise UserError(f'{path} was not written by a test')
        return there
