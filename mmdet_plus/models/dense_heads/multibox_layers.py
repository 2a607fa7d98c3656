"""Anchors and predictors of the heads of RefineDet, and checks of both."""

from collections.abc import Sequence

from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS
from mmdet.utils import ConfigType
from torch import Tensor, nn

from ..layers import OneValueBatchNorm2d

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
                nn.Conv2d(width, channels, 1, bias=False), OneValueBatchNorm2d(channels)
            ),
            norm_cfg=dict(type=OneValueBatchNorm2d),
        )
        for width in in_channels
    )


def check_loss(loss_cls: nn.Module) -> None:
    """Refuse losses on sigmoids: the logits have a place for the background.

    Raises:
        ValueError: for such a loss.
    """
    if getattr(loss_cls, 'use_sigmoid', False):
        raise ValueError(
            f'loss_cls {type(loss_cls).__name__} is of sigmoids; RefineDet mines hard '
            'negatives and classifies by softmax: take CrossEntropyLoss'
        )


def check_strides(
    generator: AnchorGenerator, maps: Sequence[Tensor], image: Sequence[int]
) -> None:
    """See that the anchors of each level belong to a map of its size.

    Args:
        generator: of the anchors.
        maps: (..., H_i, W_i) of each level.
        image: height and width of the network input.

    Raises:
        ValueError: if a map has another stride than its anchors, or there are more or
            less maps than levels of anchors.
    """
    if len(maps) != len(generator.strides):
        raise ValueError(
            f'there are {len(maps)} feature levels, but anchor_generator has strides '
            f'for {len(generator.strides)}'
        )
    for level, strides in zip(maps, generator.strides, strict=True):
        # Backbones round sizes up or down, at each of their halvings. Strides of
        # generators are of x and y, sizes of maps and images of y and x.
        sizes = zip(image, level.shape[-2:], reversed(strides), strict=True)
        if any(abs(side / stride - cells) > 2 for side, cells, stride in sizes):
            found = [_strides_of(other, image) for other in maps]
            raise ValueError(
                f'the feature levels have strides of {_as_text(found)}, but '
                f'anchor_generator has {_as_text(generator.strides)}'
            )


def _strides_of(level: Tensor, image: Sequence[int]) -> tuple[int, int]:
    height, width = (
        round(side / cells) for side, cells in zip(image, level.shape[-2:], strict=True)
    )
    return width, height


def _as_text(strides: Sequence[tuple[int, int]]) -> str:
    """Strides in x and y, as one number where those are all alike."""
    is_even = all(x == y for x, y in strides)
    return str([x for x, _ in strides]) if is_even else str([*strides])
