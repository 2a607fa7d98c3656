"""Which form a component of a detector takes in a graph.

A form is an ``nn.Module`` that does what its component does at test time, on tensors of
fixed meaning instead of lists of ``InstanceData``, and without questions to the data.
It lives in the file of its component, holds the component's own layers, and is found by
the component's class.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from torch import nn

from ...errors import UserError


class _Entry(NamedTuple):
    form: type[nn.Module]
    replaced: tuple[str, ...]


_forms: dict[type, _Entry] = {}


def form_of(component: type, *replaced: str) -> Callable[[type], type]:
    """Register a form for a component's class and for classes derived from it.

    Args:
        component: class of the component.
        replaced: methods whose work the form does itself. A derived class that has
            another one of these is another component, and not served.
    """

    def register(form: type) -> type:
        _forms[component] = _Entry(form, replaced)
        return form

    return register


def make_form(component: nn.Module, key: str) -> Any:
    """The form of a component.

    Args:
        component: such as an RoI head, with its weights.
        key: where the config describes it, such as ``model.roi_head``.

    Raises:
        UserError: for a component without a form, naming its key.
    """
    kind = type(component)
    for base in kind.__mro__:
        if base not in _forms:
            continue
        form, replaced = _forms[base]
        for name in replaced:
            if getattr(kind, name) is not getattr(base, name):
                reason = f'{kind.__name__} has a {name} of its own'
                raise unsupported(key, f'{reason}, unlike {base.__name__}')
        return form(component, key)
    known = ', '.join(sorted(known.__name__ for known in _forms))
    raise unsupported(key, f'{kind.__name__} is none of {known}')


def unsupported(key: str, reason: str) -> UserError:
    """The error for a part of a config that has no form."""
    return UserError(f'{key} cannot be exported: {reason}')
