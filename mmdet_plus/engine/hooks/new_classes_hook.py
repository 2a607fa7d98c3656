"""Starts from a checkpoint of other classes."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...zoo.fine_tuning import keep_fitting_weights


@HOOKS.register_module()
class NewClassesHook(Hook):
    """Leaves out the weights of a checkpoint that count other classes, and says which.

    Training begins with the others; a checkpoint of another model is refused.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Take what does not fit out of the checkpoint before it is copied."""
        anew = keep_fitting_weights(runner.model, checkpoint)
        if anew:
            runner.logger.info(
                f'layers that do not fit the checkpoint start anew: {", ".join(anew)}'
            )
