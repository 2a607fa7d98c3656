"""Whether a checkpoint is of a model."""

from collections.abc import Sequence
from typing import Any

from torch import Tensor, nn

from ..errors import UserError

NUM_EXAMPLES = 3


def check_match(model: nn.Module, checkpoint: dict[str, Any]) -> None:
    """Raise ``UserError`` for a checkpoint of another model, or of a ruined one.

    Every parameter of the model must be in the checkpoint, with its shape and finite;
    buffers may be missing.

    Args:
        model: before or after the weights are copied; that copies them.
        checkpoint: with a ``state_dict``, or a state dict itself.
    """
    model = _without_wrapper(model)
    weights = _weights_of(checkpoint)
    shapes = {name: weight.shape for name, weight in model.state_dict().items()}
    wrong = [n for n, s in shapes.items() if n in weights and weights[n].shape != s]
    missing = [n for n, _ in model.named_parameters() if n not in weights]
    if missing and not wrong:
        # Modules may know older names of their weights.
        unknown = model.load_state_dict(weights, strict=False).missing_keys
        missing = [name for name in missing if name in unknown]
    if missing:
        own = dict(model.named_parameters())
        fitting = len(own) - len(missing) - len(own.keys() & set(wrong))
        raise UserError(
            f'the checkpoint has {fitting} of the {len(own)} weights of this model: it '
            f'belongs to another config. Missing: {_examples(missing)}'
        )
    for name in wrong:
        raise UserError(
            f'{name} has the shape {tuple(weights[name].shape)} in the checkpoint and '
            f'{tuple(shapes[name])} in the model: another model, or other classes'
        )
    check_finite({n: w for n, w in weights.items() if n in shapes})


def check_start(model: nn.Module, checkpoint: dict[str, Any]) -> str:
    """Check the weights that a training of perhaps other classes starts from.

    Args:
        model: see above.
        checkpoint: see above.

    Returns:
        How many fit, and which do not.

    Raises:
        UserError: none fits, or one is not finite.
    """
    weights = _weights_of(checkpoint)
    own = dict(_without_wrapper(model).named_parameters())
    fit = {n for n, w in own.items() if n in weights and weights[n].shape == w.shape}
    if not fit:
        raise UserError(
            f'none of the {len(own)} weights of this model is in the checkpoint of '
            'load_from: it belongs to another config'
        )
    check_finite({name: weights[name] for name in fit})
    others = [name for name in own if name not in fit]
    rest = f'; as initialised: {_examples(others)}' if others else ''
    return f'{len(fit)} of the {len(own)} weights fit{rest}'


def check_finite(weights: dict[str, Tensor]) -> None:
    """Raise ``UserError`` for weights of a training that diverged.

    Args:
        weights: by name. Those of layers must be finite; a buffer, such as a mask, may
            be infinite.
    """
    for state, names in (
        ('NaN', [n for n, w in weights.items() if bool(w.isnan().any())]),
        ('infinite values', [n for n, w in weights.items() if _is_infinite(n, w)]),
    ):
        if names:
            raise UserError(
                f'{len(names)} of {len(weights)} weights in the checkpoint hold '
                f'{state}, such as {names[0]}: the training diverged, use an earlier '
                'checkpoint'
            )


def _is_infinite(name: str, weight: Tensor) -> bool:
    is_of_layer = name.rpartition('.')[2] in ('weight', 'bias')
    return is_of_layer and bool(weight.isinf().any())


def check_class_names(
    checkpoint: dict[str, Any], classes: Sequence[str] | None
) -> str | None:
    """Compare the classes a checkpoint was trained on with those of the data.

    Args:
        checkpoint: as MMEngine writes it.
        classes: names of the data's classes, in order; None where it has none.

    Returns:
        A warning where as many classes have other names.

    Raises:
        UserError: the same names stand in another order, so that all scores would be
            those of other classes.
    """
    meta = (checkpoint.get('meta') or {}).get('dataset_meta') or {}
    trained = meta.get('classes', meta.get('CLASSES'))
    if not trained or not classes or isinstance(trained, str):
        return None
    trained, classes = list(trained), list(classes)
    if trained == classes or len(trained) != len(classes):
        return None
    if sorted(trained) == sorted(classes):
        raise UserError(
            'the checkpoint was trained with the same classes in another order: '
            f'write metainfo=dict(classes={tuple(trained)!r}) for every dataset'
        )
    pairs = [f'{old} is now {new}' for old, new in zip(trained, classes, strict=True)]
    changed = [p for p, o, n in zip(pairs, trained, classes, strict=True) if o != n]
    return (
        f'the checkpoint was trained with other class names: {_examples(changed)}. '
        'Numbers are right only if they mean the same'
    )


def _weights_of(checkpoint: dict[str, Any]) -> dict[str, Tensor]:
    weights = checkpoint.get('state_dict', checkpoint)
    return {
        name.removeprefix('module.'): weight
        for name, weight in weights.items()
        if isinstance(weight, Tensor)
    }


def _without_wrapper(model: nn.Module) -> nn.Module:
    # Wrappers for several processes, and for test time augmentation.
    inner = dict(model.named_children()).get('module')
    return model if inner is None else _without_wrapper(inner)


def _examples(names: Sequence[str]) -> str:
    more = len(names) - NUM_EXAMPLES
    listed = ', '.join(names[:NUM_EXAMPLES])
    return f'{listed} and {more} more' if more > 0 else listed
