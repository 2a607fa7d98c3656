"""One thing that is wrong with data, and where."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

NUM_EXAMPLES = 3


class Finding(NamedTuple):
    """Something that is wrong, or may be.

    Attributes:
        is_error: whether a training would be spoilt.
        message: what is wrong and how to mend it.
        places: where: files with lines or records.
        images: file names of the images concerned, where there are any.
    """

    is_error: bool
    message: str
    places: Sequence[str] = ()
    images: Sequence[str] = ()

    def __str__(self) -> str:
        shown = '; '.join(self.places[:NUM_EXAMPLES])
        more = len(self.places) - NUM_EXAMPLES
        tail = f' and {more} more' if more > 0 else ''
        return f'{self.message} ({shown}{tail})' if shown else self.message


def place_of(item: Mapping[str, Any]) -> str:
    """Where an annotation stands."""
    return str(item.get('source') or f'annotation {item.get("id")}')
