"""ResNet as RefineDet uses it."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.backbones import ResNet
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.layers import ResLayer
from mmdet.registry import MODELS
from torch import Tensor, nn

from ..layers import one_value_norm
from .caffe_resnet import unpadded_max_pool


@MODELS.register_module()
class RefineDetResNet(ResNet):
    """``ResNet`` with one more residual block, res6.

    RefineDet (1711.06897), sec. 4: levels res3, res4, res5 and res6, at strides 8, 16,
    32 and 64. The convolutions of res6 start from a Gaussian of standard deviation
    0.01. Without pretrained weights all layers start as MMDetection's ``ResNet`` does.

    Args:
        depth: of the ResNet.
        extra_channels: of the bottleneck of res6; it returns four times as many.
        out_indices: stages that are levels.
        padded_max_pool: False for the first max-pooling of the released models, see
            ``unpadded_max_pool``.
        **kwargs: as ``ResNet`` takes them.
    """

    def __init__(
        self,
        depth: int = 101,
        *,
        extra_channels: int = 128,
        out_indices: Sequence[int] = (1, 2, 3),
        padded_max_pool: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(depth, out_indices=tuple(out_indices), **kwargs)
        if not padded_max_pool:
            self.maxpool = unpadded_max_pool()
        self.res6 = ResLayer(
            Bottleneck,
            self.feat_dim,
            extra_channels,
            num_blocks=1,
            stride=2,
            style=self.style,
            conv_cfg=self.conv_cfg,
            norm_cfg=one_value_norm(self.norm_cfg),  # one cell of a small image
        )
        for layer in self.res6.modules():
            if isinstance(layer, nn.Conv2d):
                nn.init.normal_(layer.weight, std=0.01)

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature levels of images (B, 3, H, W), at strides 8, 16, 32 and 64."""
        outs = super().forward(x)
        return (*outs, self.res6(outs[-1]))

    def train(self, mode: bool = True) -> 'RefineDetResNet':
        """Set the mode; ``norm_eval`` keeps the statistics of pretrained layers only.

        Those of res6 have to be learnt.
        """
        super().train(mode)
        self.res6.train(mode)
        return self
