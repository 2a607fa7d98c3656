"""Neck of a Faster R-CNN that proposes from one stage and classifies on the next."""

from typing import Any

from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmengine.model import BaseModule
from torch import Tensor


@MODELS.register_module()
class LastStageProjection(BaseModule):
    """A convolution on the last stage for RoIs, the stage before as it is for the RPN.

    The "2fc" Faster R-CNN of DCR V2 (arXiv 1810.04002), sec. 5.1.2: "an additional 3x3
    conv with 256 output channel after Stage4", and the RPN at the end of Stage3.

    Args:
        in_channels: of the last stage.
        out_channels: of the map that RoIs are pooled from.
        kernel_size: of the convolution, an odd number; the released models have 1.
    """

    def __init__(
        self,
        in_channels: int,
        *,
        out_channels: int = 256,
        kernel_size: int = 3,
        init_cfg: Any = None,
    ) -> None:
        if kernel_size % 2 == 0:
            raise ValueError(f'kernel_size must be odd, got {kernel_size}')
        super().__init__(init_cfg)
        self.conv = ConvModule(
            in_channels, out_channels, kernel_size, padding=kernel_size // 2
        )

    def forward(self, stages: tuple[Tensor, ...]) -> tuple[Tensor, Tensor]:
        """Map for the RoI head, then map for the RPN, of stages (B, C_i, H_i, W_i)."""
        return self.conv(stages[-1]), stages[-2]
