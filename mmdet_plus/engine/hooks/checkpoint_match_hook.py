"""Stops a test with the weights of another model."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ..error_reporting import UserError

MIN_SHARE = 0.5


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Raises ``UserError`` when a checkpoint has few of the model's weights.

    MMEngine warns of each weight that is missing or has another shape, and goes on with
    random ones: the test then measures nothing.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare names and shapes before the weights are copied."""
        weights = checkpoint.get('state_dict', checkpoint)
        given = {_plain(name): getattr(w, 'shape', None) for name, w in weights.items()}
        own = {_plain(n): w.shape for n, w in runner.model.state_dict().items()}
        matching = sum(given.get(name) == shape for name, shape in own.items())
        if matching < MIN_SHARE * len(own):
            raise UserError(
                f'the checkpoint has {matching} of the {len(own)} weights of this '
                'model: it belongs to another config'
            )


def _plain(name: str) -> str:
    """A weight's name without what wrappers put before it."""
    return name.removeprefix('module.')
