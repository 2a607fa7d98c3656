"""Starts from a checkpoint of other classes."""

from typing import Any

from mmdet.registry import HOOKS, MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.registry import init_default_scope
from mmengine.runner import CheckpointLoader, Runner

from ...errors import UserError
from ...zoo.fine_tuning import keep_fitting_weights


@HOOKS.register_module()
class NewClassesHook(Hook):
    """Leaves out the weights of a checkpoint that count other classes, and says which.

    Training begins with the others; a checkpoint of another model is refused.
    """

    @staticmethod
    def check_before_training(cfg: Config) -> None:
        """Refuse what the hook would, before the work directory is made.

        Args:
            cfg: the whole config; not changed.

        Raises:
            UserError: if the checkpoint of ``load_from`` is of another model.
        """
        if not cfg.get('load_from'):
            return
        init_default_scope(cfg.get('default_scope') or 'mmdet')
        path = cfg.load_from
        checkpoint = CheckpointLoader.load_checkpoint(path, 'cpu', logger='silent')
        model = MODELS.build(cfg.model)
        try:
            keep_fitting_weights(model, checkpoint)
        except UserError as error:
            raise UserError(f'{path}: {error}') from error

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Take what does not fit out of the checkpoint before it is copied."""
        anew = keep_fitting_weights(runner.model, checkpoint)
        if anew:
            runner.logger.info(
                f'layers that do not fit the checkpoint start anew: {", ".join(anew)}'
            )
