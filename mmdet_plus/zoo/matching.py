"""Whether a checkpoint is of a model."""

from typing import Any

from torch import Tensor, nn

from ..errors import UserError

MIN_SHARE = 0.5


def check_match(model: nn.Module, checkpoint: dict[str, Any]) -> None:
    """Raise ``UserError`` for a checkpoint with other shapes or few of the weights.

    Args:
        model: before or after the weights are copied.
        checkpoint: with a ``state_dict``, or a state dict itself.
    """
    weights = checkpoint.get('state_dict', checkpoint)
    given = {_plain(n): w.shape for n, w in weights.items() if isinstance(w, Tensor)}
    own = {_plain(name): w.shape for name, w in model.state_dict().items()}
    matching = sum(given.get(name) == shape for name, shape in own.items())
    if matching < MIN_SHARE * len(own):
        raise UserError(
            f'the checkpoint has {matching} of the {len(own)} weights of this '
            'model: it belongs to another config'
        )
    for name, shape in own.items():
        if name in given and given[name] != shape:
            raise UserError(
                f'{name} has the shape {tuple(given[name])} in the checkpoint and '
                f'{tuple(shape)} in the model: another model, or other classes'
            )


def _plain(name: str) -> str:
    """A weight's name without what wrappers put before it."""
    return name.removeprefix('module.')
