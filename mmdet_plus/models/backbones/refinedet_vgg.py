"""VGG-16 as RefineDet uses it."""

from collections.abc import Callable, Sequence

from mmcv.cnn import VGG
from mmcv.cnn.vgg import make_vgg_layer
from mmdet.models.necks.ssd_neck import L2Norm
from mmdet.registry import MODELS
from mmdet.utils import OptMultiConfig
from mmengine.model import BaseModule, kaiming_init, xavier_init
from torch import Tensor, nn


@MODELS.register_module()
class RefineDetVGG(BaseModule):
    """VGG with convolutional fc6 and fc7 and two more convolutions.

    RefineDet (1711.06897), sec. 4: levels conv4_3 and conv5_3, both L2-normalised,
    conv_fc7 and conv6_2, at strides 8, 16, 32 and 64. Parameters of ``features`` have
    the names of MMDetection's ``SSDVGG``, so that its pretrained weights fit.

    Differs from the paper: layers start from Kaiming's distribution where no weights
    are loaded, but for conv6_1 and conv6_2, which start from Xavier's as in the paper.

    Args:
        depth: of the VGG: 11, 13, 16 or 19.
        base_channels: of the first stage; the later ones have 2, 4, 8 and 8 times as
            many.
        fc_channels: of conv_fc6 and conv_fc7.
        extra_channels: of conv6_1 and conv6_2.
        l2_norm_scales: initial scales of conv4_3 and conv5_3, learnt.
    """

    def __init__(
        self,
        depth: int = 16,
        *,
        base_channels: int = 64,
        fc_channels: int = 1024,
        extra_channels: Sequence[int] = (256, 512),
        l2_norm_scales: Sequence[float] = (10.0, 8.0),
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if depth not in VGG.arch_settings:
            raise ValueError(f'depth must be in {[*VGG.arch_settings]}, got {depth}')
        super().__init__(init_cfg)
        widths = [base_channels * factor for factor in (1, 2, 4, 8, 8)]
        layers: list[nn.Module] = []
        ends = []
        for num_convs, before, width in zip(
            VGG.arch_settings[depth], [3, *widths], widths, strict=False
        ):
            layers += make_vgg_layer(before, width, num_convs, ceil_mode=True)
            ends.append(len(layers) - 1)  # the stage's output, before its pooling
        layers += [
            # Subsampled parameters of fc6 (sec. 4), dilation 3 as released.
            nn.Conv2d(widths[-1], fc_channels, 3, padding=3, dilation=3),
            nn.ReLU(inplace=True),
            nn.Conv2d(fc_channels, fc_channels, 1),
            nn.ReLU(inplace=True),
        ]
        self.features = nn.Sequential(*layers)
        self.level_ends = (*ends[3:5], len(layers))
        self.l2_norms = nn.ModuleList(
            _l2_norm(width, scale)
            for width, scale in zip(widths[3:], l2_norm_scales, strict=True)
        )
        self.extra = _extra_convs(fc_channels, *extra_channels)
        # Here and not in init_cfg: that names the pretrained weights, and with them
        # MMEngine initialises nothing else.
        self.features.apply(lambda layer: _init_conv(layer, kaiming_init))
        self.extra.apply(lambda layer: _init_conv(layer, xavier_init))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Feature levels of images (B, 3, H, W), at strides 8, 16, 32 and 64."""
        outs, start = [], 0
        for end in self.level_ends:
            x = self.features[start:end](x)
            outs.append(x)
            start = end
        norms = [norm(feat) for norm, feat in zip(self.l2_norms, outs, strict=False)]
        return (*norms, outs[-1], self.extra(x))


def _l2_norm(channels: int, scale: float) -> L2Norm:
    norm = L2Norm(channels, scale)
    nn.init.constant_(norm.weight, scale)
    return norm


def _init_conv(layer: nn.Module, init: Callable[..., None]) -> None:
    if isinstance(layer, nn.Conv2d):
        init(layer, distribution='uniform')


def _extra_convs(fc_channels: int, first: int, second: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(fc_channels, first, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(first, second, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
    )
