"""ResNet as the Caffe and MXNet models of DCR and RefineDet have it."""

from collections.abc import Sequence
from typing import Any

from mmcv.cnn import build_conv_layer
from mmdet.models.backbones import ResNet
from mmdet.registry import MODELS
from torch import nn


def unpadded_max_pool() -> nn.MaxPool2d:
    """The first max-pooling of Caffe's ResNet: no padding, the size is rounded up."""
    return nn.MaxPool2d(kernel_size=3, stride=2, padding=0, ceil_mode=True)


@MODELS.register_module()
class CaffeResNet(ResNet):
    """``ResNet`` with an unpadded first max-pooling, for weights trained with that.

    Args:
        depth: as of ``ResNet``.
        style: ``'caffe'`` has the stride of a block in its first convolution.
        last_dcn_stages: stages, from 0, of which only the last block has the
            convolution of ``dcn``; beside those of ``stage_with_dcn``.
        **kwargs: as ``ResNet`` takes them.
    """

    def __init__(
        self,
        depth: int,
        *,
        style: str = 'caffe',
        last_dcn_stages: Sequence[int] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(depth, style=style, **kwargs)
        self.maxpool = unpadded_max_pool()
        for stage in last_dcn_stages:
            self._deform_last_block(getattr(self, self.res_layers[stage]))
        # The layers are new, the freezing is not.
        self._freeze_stages()

    def _deform_last_block(self, blocks: nn.Sequential) -> None:
        cfg = {k: v for k, v in self.dcn.items() if k != 'fallback_on_stride'}
        block: Any = blocks[-1]
        plain = block.conv2
        block.conv2 = build_conv_layer(
            cfg,
            plain.in_channels,
            plain.out_channels,
            kernel_size=3,
            stride=plain.stride,
            padding=plain.padding,
            dilation=plain.dilation,
            bias=False,
        )
