"""Trades time for memory: activations are computed again when gradients need them."""

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from functools import partial, wraps
from types import TracebackType
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
from ..optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast


@HOOKS.register_module()
class ActivationCheckpointingHook(Hook):
    """Keeps no activations inside parts of a model; the gradients stay the same.

    MMEngine's config key ``activation_checkpointing`` means the same, and
    ``tools/train.py`` puts this hook in its place: what MMEngine does with the key
    gives no gradients to the first part that has any, and loses the names of outputs.

    A part must be called itself, as backbones, necks and heads are; a RoI head is not,
    but its parts are. One that the first batch did not call is told in the log.

    Args:
        modules: names of parts, such as ``['roi_head.reg_head', 'neck']``.
    """

    def __init__(self, modules: str | Sequence[str]) -> None:
        self.modules = [modules] if isinstance(modules, str) else list(modules)
        self._called: set[str] = set()

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
            kind = settings['type']
            kind = HOOKS.get(kind) if isinstance(kind, str) else kind
            if kind is ActivationCheckpointingHook:
                for name in HOOKS.build(settings).modules:
                    _part(model, name)

    def before_train(self, runner: Runner) -> None:
        """Wrap the forward pass of each part."""
        model = runner.model
        self.wrap(model.module if is_model_wrapper(model) else model)

    def after_train_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: Any = None,
        outputs: dict | None = None,
    ) -> None:
        """Tell which parts save nothing, once."""
        idle = [name for name in self.modules if name not in self._called]
        if idle and batch_idx == 0:
            runner.logger.warning(
                f'activation_checkpointing: {", ".join(idle)} did not run as a whole '
                'in the first batch and save nothing: name the parts inside'
            )

    def wrap(self, model: nn.Module) -> None:
        """Let the parts of a model compute their activations again."""
        for name in self.modules:
            part = _part(model, name)
            part.forward = self._without_activations(part, name)

    def _without_activations(self, part: nn.Module, name: str) -> Callable:
        forward = part.forward
        contexts = partial(_contexts, part)

        @wraps(forward)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            if not torch.is_grad_enabled():
                return forward(*args, **kwargs)
            self._called.add(name)
            return checkpoint(
                forward, *args, use_reentrant=False, context_fn=contexts, **kwargs
            )

        return wrapped


def _part(model: nn.Module, name: str) -> nn.Module:
    part = model
    for word in name.split('.'):
        # Not named_children: it leaves out a part that stands under two names.
        children = {
            key: child for key, child in part._modules.items() if child is not None
        }
        if word not in children:
            raise UserError(
                f'activation_checkpointing: the model has no part {name!r}; there are '
                f'{", ".join(children)}'
            )
        part = children[word]
    return part


def _contexts(part: nn.Module) -> tuple[AbstractContextManager, AbstractContextManager]:
    """Of the forward pass, and of its repetitions, which are as many as backwards."""
    return nullcontext(), _Repetition(part, torch.is_autocast_enabled('cpu'))


class _Repetition:
    """What a part computes in again: a batch counts once, and numbers are as wide.

    Args:
        part: that repeats its forward pass.
        on_cpu_with_autocast: whether it ran in bfloat16 on the CPU, of which the
            hooks of the optimizer wrapper are gone when gradients are computed.
    """

    def __init__(self, part: nn.Module, on_cpu_with_autocast: bool) -> None:
        self.part = part
        self.on_cpu_with_autocast = on_cpu_with_autocast

    def __enter__(self) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(_statistics_as_they_are(self.part))
        if self.on_cpu_with_autocast:
            self._stack.enter_context(bfloat16_autocast(self.part))

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)


@contextmanager
def _statistics_as_they_are(part: nn.Module) -> Iterator[None]:
    norms = [norm for norm in part.modules() if isinstance(norm, _BatchNorm)]
    counts = [norm.num_batches_tracked for norm in norms]
    before = copy.deepcopy(counts), [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 0.0
    try:
        yield
    finally:
        for norm, count, old, momentum in zip(norms, counts, *before, strict=True):
            norm.momentum = momentum
            if count is not None and old is not None:
                count.copy_(old)
