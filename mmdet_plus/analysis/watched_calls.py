"""Listen to a detector at work: its public methods, called as always, and kept."""

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn


@contextmanager
def calls_of(owner: nn.Module, name: str, replace: Callable) -> Iterator[None]:
    """Let ``replace(original, given)`` stand in for a method.

    ``given`` are the arguments of a call; ``repeat(original, given)`` calls the method.
    """
    original = getattr(owner, name)
    parameters = inspect.signature(original)

    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return replace(original, parameters.bind(*args, **kwargs))

    setattr(owner, name, wrapper)
    try:
        yield
    finally:
        delattr(owner, name)


def repeat(original: Callable, given: inspect.BoundArguments) -> Any:
    """Call a method with the arguments of a call."""
    return original(*given.args, **given.kwargs)
