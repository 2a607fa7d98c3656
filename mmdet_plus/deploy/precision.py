"""Half precision for the networks of a form, and only for them."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._pytree import tree_map


class HalfPrecision(nn.Module):
    """A network in float16 between tensors in float32."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network.half()

    def forward(self, *args: Any) -> Any:
        """What the network makes of its arguments."""
        outputs = self.network(*tree_map(_cast_to(torch.float16), args))
        return tree_map(_cast_to(torch.float32), outputs)


def halve_networks(form: nn.Module, is_form: Any) -> None:
    """Put the networks in a form into float16.

    Coordinates, scores and suppression stay in float32: pixels of a large image cannot
    be told apart in float16.

    Args:
        form: changed in place.
        is_form: tells forms from the networks in them.
    """
    for name, child in form.named_children():
        if is_form(child) or isinstance(child, nn.ModuleList):
            halve_networks(child, is_form)
        elif any(True for _ in child.parameters()):
            setattr(form, name, HalfPrecision(child))


def _cast_to(dtype: torch.dtype) -> Any:
    def cast(value: Any) -> Any:
        is_float = isinstance(value, Tensor) and value.is_floating_point()
        return value.to(dtype) if is_float else value

    return cast
