"""Stops a test with the weights of another model."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from ...zoo.matching import check_match


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Raises ``UserError`` when a test's checkpoint is of another model.

    MMEngine warns of each weight that is missing or has another shape, and goes on with
    random ones: the test then measures nothing. A training may start from such weights.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare names and shapes before the weights are copied."""
        # Built by now if the runner trains.
        if not isinstance(runner.optim_wrapper, OptimWrapper):
            check_match(runner.model, checkpoint)
