"""Accidents of users, and whether each ended well; see docs/reliability.md."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple


class Accident(NamedTuple):
    """Something that a user did, or that happened to a file.

    Attributes:
        name: tells it apart.
        happen: does it, in the folder of the attempt.
        culprits: words of which the message must hold each.
        options: of the command.
    """

    name: str
    happen: Callable[[Path], object]
    culprits: Sequence[str]
    options: Sequence[str] = ()


def is_good(
    status: int, printed: str, culprits: Sequence[str], left: Sequence[Path] = ()
) -> bool:
    """Whether a command said what was wrong.

    An error must be one line that names the culprit and leave nothing behind; what a
    run survives must be told in a warning.

    Args:
        status: of the command.
        printed: all that it printed.
        culprits: what must be named.
        left: what must not exist after an error.
    """
    if 'Traceback' in printed or any(path.exists() for path in left if status == 2):
        return False
    mark = 'warning: ' if status == 0 else 'error: '
    told = printed[printed.find(mark) :] if mark in printed else ''
    return bool(told) and all(culprit in told for culprit in culprits)


def report(name: str, results: Sequence[tuple[str, bool]]) -> int:
    """Print how many ended well; the number of the others."""
    bad = [label for label, good in results if not good]
    print(f'\n{name}: {len(results) - len(bad)} of {len(results)} good')
    for label in bad:
        print(f'  not good: {label}')
    return len(bad)


def edit_json(path: Path, change: Callable[[dict], Any]) -> None:
    """Change the content of a JSON file."""
    content = json.loads(path.read_text())
    change(content)
    path.write_text(json.dumps(content))
