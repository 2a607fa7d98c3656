"""Parts of MMDetection's RoI heads that some RoI heads here have no use for."""

from collections.abc import Mapping
from typing import Any


def refuse_parts(owner: str, cfg: Mapping[str, Any], *names: str) -> None:
    """Raise ``ValueError`` for parts that would be left out, in part or whole.

    Args:
        owner: class that has no use for the parts.
        cfg: its arguments.
        names: of the parts, such as ``'shared_head'``.
    """
    for name in names:
        if cfg.get(name) is not None:
            raise ValueError(f'{owner} has no {name}: leave it out')
