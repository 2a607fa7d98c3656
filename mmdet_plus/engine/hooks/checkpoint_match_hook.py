"""Stops a test or a resumed training with the weights of another model."""

from typing import Any

from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.optim import OptimWrapper
from mmengine.runner import Runner

from ...zoo.matching import check_class_names, check_match, check_start


@HOOKS.register_module()
class CheckpointMatchHook(Hook):
    """Raises ``UserError`` when a checkpoint is of another model or of other classes.

    MMEngine warns of each weight that is missing or has another shape, and goes on with
    random ones: a test then measures nothing. A training that starts from the weights
    of ``load_from`` may have other classes: how many weights fit is logged.
    """

    def after_load_checkpoint(self, runner: Runner, checkpoint: dict[str, Any]) -> None:
        """Compare names and shapes before the weights are copied."""
        is_training = isinstance(runner.optim_wrapper, OptimWrapper)
        if is_training and not runner._resume:
            runner.logger.info(f'load_from: {check_start(runner.model, checkpoint)}')
            return
        check_match(runner.model, checkpoint)
        warning = check_class_names(checkpoint, _classes_of(runner))
        if warning:
            runner.logger.warning(warning)


def _classes_of(runner: Runner) -> Any:
    for name in ('_train_loop', '_test_loop', '_val_loop'):
        loader = getattr(getattr(runner, name, None), 'dataloader', None)
        metainfo = getattr(getattr(loader, 'dataset', None), 'metainfo', None) or {}
        if metainfo.get('classes'):
            return metainfo['classes']
    return None
