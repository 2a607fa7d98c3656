"""Transfer connection blocks (TCB) of RefineDet."""

from collections.abc import Sequence

from mmcv.cnn import ConvModule, build_norm_layer
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn
from torch.nn.functional import relu

from ..layers import one_value_norm


@MODELS.register_module()
class TransferConnection(BaseModule):
    """Turns features of anchor refinement into features of object detection.

    RefineDet (1711.06897), sec. 3 and Fig. 2: two convolutions on each level, the sum
    with the enlarged result of the level above, one more convolution.

    Args:
        in_channels: channels of the feature levels, from fine to coarse.
        out_channels: channels of all results.
        norm_cfg: normalisation after each convolution and deconvolution; None for none
            (VGG-16), as released BN with ResNet.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 512, 1024, 512),
        *,
        out_channels: int = 256,
        norm_cfg: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            init_cfg
            or dict(
                type='Xavier',
                layer=['Conv2d', 'ConvTranspose2d'],
                distribution='uniform',
            )
        )

        norm_cfg = one_value_norm(norm_cfg)  # the last level of a small image

        def conv(channels: int, activate: bool) -> ConvModule:
            return ConvModule(
                channels,
                out_channels,
                3,
                padding=1,
                norm_cfg=norm_cfg,
                act_cfg=dict(type='ReLU') if activate else None,
            )

        self.lateral_convs = nn.ModuleList(
            nn.Sequential(conv(channels, True), conv(out_channels, False))
            for channels in in_channels
        )
        self.deconvs = nn.ModuleList(
            _deconv(out_channels, norm_cfg) for _ in in_channels[1:]
        )
        self.output_convs = nn.ModuleList(conv(out_channels, True) for _ in in_channels)

    def forward(self, x: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """Connect feature levels (B, C_i, H_i, W_i), each half as large as the last.

        Returns:
            (B, out_channels, H_i, W_i) of each level.

        Raises:
            ValueError: if a level is less than half as large as the one before it.
        """
        if len(x) != len(self.lateral_convs):
            raise ValueError(
                f'TransferConnection has {len(self.lateral_convs)} levels, got {len(x)}'
            )
        outputs: list[Tensor] = []
        for level in reversed(range(len(x))):
            feat = self.lateral_convs[level](x[level])
            if outputs:
                feat = feat + _crop(self.deconvs[level](outputs[-1]), feat)
            outputs.append(self.output_convs[level](relu(feat)))
        return tuple(reversed(outputs))


def _deconv(channels: int, norm_cfg: ConfigType | None) -> nn.Sequential:
    layers = [nn.ConvTranspose2d(channels, channels, 2, 2, bias=norm_cfg is None)]
    if norm_cfg is not None:
        layers.append(build_norm_layer(norm_cfg, channels)[1])
    return nn.Sequential(*layers)


def _crop(enlarged: Tensor, target: Tensor) -> Tensor:
    """The part of an enlarged map that lies on ``target``; backbones round sizes up."""
    height, width = target.shape[-2:]
    if enlarged.shape[-2] < height or enlarged.shape[-1] < width:
        raise ValueError(
            f'a feature level of {height} x {width} lies below one that enlarges to '
            f'{enlarged.shape[-2]} x {enlarged.shape[-1]}; each must be at least half '
            'as large as the one before it'
        )
    return enlarged[..., :height, :width]
