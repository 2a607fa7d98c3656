"""Trades time for memory: activations are computed again when gradients need them."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial, wraps
from typing import Any

import torch
from mmdet.registry import HOOKS, MODELS
from mmengine.config import Config
from mmengine.hooks import Hook
from mmengine.model import is_model_wrapper
from mmengine.registry import init_default_scope
from mmengine.runner import Runner
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.utils.checkpoint import checkpoint

from ...errors import UserError


@HOOKS.register_module()
class ActivationCheckpointingHook(Hook):
    """Keeps no activations inside parts of a model; the gradients stay the same.

    MMEngine's config key ``activation_checkpointing`` means the same, and
    ``tools/train.py`` puts this hook in its place: what MMEngine does with the key
    gives no gradients to the first part that has any, and loses the names of outputs.

    Args:
        modules: names of parts, such as ``['roi_head.reg_head', 'neck']``.
    """

    def __init__(self, modules: str | Sequence[str]) -> None:
        self.modules = [modules] if isinstance(modules, str) else list(modules)

    @staticmethod
    def check_before_training(cfg: Config) -> None:
        """Refuse names of parts that the model has not.

        Args:
            cfg: the whole config; not changed.

        Raises:
            UserError: for the first such name; says what there is.
        """
        init_default_scope(cfg.get('default_scope') or 'mmdet')
        model = MODELS.build(cfg.model)
        for settings in cfg.custom_hooks:
            if settings['type'] == ActivationCheckpointingHook.__name__:
                hook = ActivationCheckpointingHook(settings['modules'])
                for name in hook.modules:
                    _part(model, name)

    def before_train(self, runner: Runner) -> None:
        """Wrap the forward pass of each part."""
        model = runner.model
        self.wrap(model.module if is_model_wrapper(model) else model)

    def wrap(self, model: nn.Module) -> None:
        """Let the parts of a model compute their activations again."""
        for name in self.modules:
            part = _part(model, name)
            part.forward = _without_activations(part)


def _part(model: nn.Module, name: str) -> nn.Module:
    part = model
    for word in name.split('.'):
        children = dict(part.named_children())
        if word not in children:
            raise UserError(
                f'activation_checkpointing: the model has no part {name!r}; there are '
                f'{", ".join(children)}'
            )
        part = children[word]
    return part


def _without_activations(part: nn.Module) -> Callable:
    forward = part.forward
    contexts = partial(_contexts, part)

    @wraps(forward)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        if not torch.is_grad_enabled():
            return forward(*args, **kwargs)
        return checkpoint(
            forward, *args, use_reentrant=False, context_fn=contexts, **kwargs
        )

    return wrapped


def _contexts(part: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """Of the forward pass, and of its repetition."""
    return nullcontext(), _statistics_as_they_are(part)


@contextmanager
def _statistics_as_they_are(part: nn.Module) -> Iterator[None]:
    """Batch normalisation counts a batch once."""
    norms = [norm for norm in part.modules() if isinstance(norm, _BatchNorm)]
    counts = [norm.num_batches_tracked for norm in norms]
    before = copy.deepcopy(counts), [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, count, old_count, momentum in zip(
            norms, counts, *before, strict=True
        ):
            norm.momentum = momentum
            if count is not None and old_count is not None:
                count.copy_(old_count)
