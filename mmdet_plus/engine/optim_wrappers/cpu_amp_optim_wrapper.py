"""Mixed precision without a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.roi_heads.roi_extractors.base_roi_extractor import BaseRoIExtractor
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import Tensor, nn


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16 where that is safe.

    MMEngine's ``AmpOptimWrapper`` refuses CPUs. bfloat16 has the range of float32, so
    no scaling of the loss is needed. Fast on CPUs with bfloat16 instructions only.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast to bfloat16, and what ``OptimWrapper`` does."""
        with super().optim_context(model), bfloat16_autocast(model):
            yield


@contextmanager
def bfloat16_autocast(model: nn.Module) -> Iterator[None]:
    """Autocast to bfloat16 on the CPU, and to float32 where mmcv has no kernel for it.

    RoI extractors read float32 features (RoIAlign), dense heads give float32 scores
    and boxes (non-maximum suppression), of any detector.

    Args:
        model: what runs inside; changed by hooks that are gone afterwards.
    """
    hooks = []
    for module in model.modules():
        if isinstance(module, BaseRoIExtractor):
            hooks.append(module.register_forward_pre_hook(_widen_inputs))
        elif isinstance(module, BaseDenseHead):
            hooks.append(module.register_forward_hook(_widen_outputs))
    try:
        with torch.autocast('cpu', torch.bfloat16):
            yield
    finally:
        for hook in hooks:
            hook.remove()


def _widen_inputs(module: nn.Module, inputs: tuple) -> tuple:
    return _widen(inputs)


def _widen_outputs(module: nn.Module, inputs: tuple, outputs: Any) -> Any:
    return _widen(outputs)


def _widen(value: Any) -> Any:
    """Tensors, in tuples and lists or not, as float32 where they are bfloat16."""
    if isinstance(value, tuple | list):
        return type(value)(_widen(item) for item in value)
    if isinstance(value, Tensor) and value.dtype == torch.bfloat16:
        return value.float()
    return value
