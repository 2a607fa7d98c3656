"""Mixed precision training without a GPU."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from mmdet.registry import OPTIM_WRAPPERS
from mmengine.optim import OptimWrapper
from torch import nn


@OPTIM_WRAPPERS.register_module()
class CpuAmpOptimWrapper(OptimWrapper):
    """Runs the forward pass in bfloat16 where that is safe.

    MMEngine's ``AmpOptimWrapper`` refuses CPUs. bfloat16 has the range of float32, so
    no scaling of the loss is needed. Fast on CPUs with bfloat16 instructions only.
    Two of mmcv's ops have no bfloat16 kernel. Non-maximum suppression fails under
    ``RPNHead``: use ``Float32RPNHead``. RoIAlign fails under ``StandardRoIHead`` with a
    ``SingleRoIExtractor``; RoI heads that widen their features to float32 first, as
    ``D2DetRoIHead`` does, work.
    """

    @contextmanager
    def optim_context(self, model: nn.Module) -> Iterator[None]:
        """Autocast to bfloat16, and what ``OptimWrapper`` does."""
        with super().optim_context(model), torch.autocast('cpu', torch.bfloat16):
            yield
