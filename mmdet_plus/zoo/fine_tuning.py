"""Which weights of a checkpoint a model of other classes can begin with."""

from typing import Any

from torch import Tensor, nn

from ..errors import UserError

LEAST_SHARE = 0.5


def keep_fitting_weights(model: nn.Module, checkpoint: dict[str, Any]) -> list[str]:
    """Take the weights out of a checkpoint whose shape is not the model's.

    Args:
        model: to begin training.
        checkpoint: with a ``state_dict``, or that itself; changed in place.

    Returns:
        The layers that begin anew, because of their shape or because the checkpoint
        does not have them.

    Raises:
        UserError: if less than half of the model's weights are in the checkpoint.
    """
    weights = checkpoint.get('state_dict', checkpoint)
    given = {name.removeprefix('module.'): name for name in weights}
    own = model.state_dict()
    fitting = [
        name
        for name, weight in own.items()
        if _shape(weights.get(given.get(name.removeprefix('module.'), '')))
        == (weight.shape)
    ]
    if len(fitting) < LEAST_SHARE * len(own):
        raise UserError(
            f'the checkpoint has {len(fitting)} of the {len(own)} weights of this '
            'model: it belongs to another config'
        )
    anew = [name for name in own if name not in set(fitting)]
    for name in anew:
        weights.pop(given.get(name.removeprefix('module.'), ''), None)
    return list(dict.fromkeys(name.rpartition('.')[0] for name in anew))


def _shape(weight: Any) -> Any:
    return weight.shape if isinstance(weight, Tensor) else None
