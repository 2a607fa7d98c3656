"""Stops a training whose weights are lost."""

from typing import Any

import torch
from mmdet.registry import HOOKS
from mmengine.hooks import Hook
from mmengine.runner import Runner

from ...errors import UserError


@HOOKS.register_module()
class DivergenceHook(Hook):
    """Raises ``UserError`` when a loss and the weights are not finite.

    Such a training cannot recover, and would go on to replace good checkpoints. A loss
    alone may be infinite in mixed precision: the gradient scaler skips that step.
    """

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict[str, Any] | None = None,
    ) -> None:
        """Look at the losses, and at the weights if one of them is not finite."""
        wrong = [k for k, value in (outputs or {}).items() if not _is_finite(value)]
        if not wrong or all(map(_is_finite, runner.model.parameters())):
            return
        rates = {name: rate[0] for name, rate in runner.optim_wrapper.get_lr().items()}
        raise UserError(
            f'the training diverged: in epoch {runner.epoch + 1}, iteration '
            f'{runner.iter + 1}, {", ".join(wrong)} and the weights are not finite. '
            f'Learning rate now: {rates.get("lr", rates)}. Lower '
            'optim_wrapper.optimizer.lr, or limit gradients with '
            'optim_wrapper.clip_grad.max_norm'
        )


def _is_finite(value: Any) -> bool:
    return bool(torch.as_tensor(value).detach().isfinite().all())
