"""Anchors and predictors of the heads of RefineDet."""

from collections.abc import Sequence

from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS
from mmdet.utils import ConfigType
from torch import nn

# Sec. 4: one scale of four strides, three ratios. Anchors stand in the middle of their
# cells.
DEFAULT_ANCHORS = dict(
    type='AnchorGenerator',
    strides=[8, 16, 32, 64],
    ratios=[0.5, 1.0, 2.0],
    scales=[4],
    center_offset=0.5,
)


def build_anchor_generator(
    config: ConfigType | None, in_channels: Sequence[int]
) -> AnchorGenerator:
    """The generator of a config, by default the paper's, for as many feature levels.

    Raises:
        ValueError: if it has another number of levels than ``in_channels``.
    """
    generator = TASK_UTILS.build(config or DEFAULT_ANCHORS)
    if generator.num_levels != len(in_channels):
        raise ValueError(
            f'anchor_generator has {generator.num_levels} levels, but in_channels is '
            f'{list(in_channels)}'
        )
    return generator


def build_predictors(
    in_channels: Sequence[int], generator: AnchorGenerator, num_values: int
) -> nn.ModuleList:
    """A 3 x 3 convolution per level that predicts ``num_values`` per anchor."""
    return nn.ModuleList(
        nn.Conv2d(channels, num_anchors * num_values, 3, padding=1)
        for channels, num_anchors in zip(
            in_channels, generator.num_base_priors, strict=True
        )
    )


def build_residual_blocks(
    in_channels: Sequence[int], channels: int | None
) -> nn.ModuleList:
    """What stands before the predictors of each level.

    The released ResNet-101 models of RefineDet have a residual block with a projection
    there, of which the paper says nothing.

    Args:
        in_channels: of the levels.
        channels: of the blocks' results; None for no blocks.
    """
    if channels is None:
        return nn.ModuleList(nn.Identity() for _ in in_channels)
    return nn.ModuleList(
        Bottleneck(
            width,
            channels // Bottleneck.expansion,
            downsample=nn.Sequential(
                nn.Conv2d(width, channels, 1, bias=False), nn.BatchNorm2d(channels)
            ),
        )
        for width in in_channels
    )
