"""Testing with fewer bits."""

from contextlib import nullcontext
from typing import Any

import torch
from mmdet.registry import LOOPS
from mmengine.runner import TestLoop

from .optim_wrappers.cpu_amp_optim_wrapper import bfloat16_autocast


@LOOPS.register_module()
class MixedPrecisionTestLoop(TestLoop):
    """``TestLoop`` in half precision on a GPU, in bfloat16 on a CPU.

    MMEngine's own ``fp16=True`` fails on CPUs: mmcv has no kernels for bfloat16.

    Args:
        *args: as ``TestLoop`` takes them, without ``fp16``.
        **kwargs: as ``TestLoop`` takes them, without ``fp16``.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, 'fp16': True})

    def run(self) -> dict:
        """Test, and return the figures."""
        model = self.runner.model
        on_cpu = next(model.parameters()).device == torch.device('cpu')
        with bfloat16_autocast(model) if on_cpu else nullcontext():
            return super().run()
