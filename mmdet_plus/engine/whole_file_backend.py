"""Lets MMEngine write files whole: checkpoints, results and pictures."""

from pathlib import Path

from mmengine.fileio import LocalBackend, register_backend

from ..whole_files import written_whole


class WholeFileBackend(LocalBackend):
    """MMEngine's backend for local files, which writes beside and renames.

    A full disk or a killed process leaves the file that was there before, not a part of
    the new one under its name.
    """

    def put(self, obj: bytes, filepath: str | Path) -> None:
        """Write bytes; folders are made."""
        Path(filepath).parent.mkdir(parents=True, exist_ok=True)
        with written_whole(filepath) as part:
            part.write_bytes(obj)

    def put_text(self, obj: str, filepath: str | Path, encoding: str = 'utf-8') -> None:
        """Write text; folders are made."""
        self.put(obj.encode(encoding), filepath)


register_backend('local', WholeFileBackend, force=True, prefixes='')
