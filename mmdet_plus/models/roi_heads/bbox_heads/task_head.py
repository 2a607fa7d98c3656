"""One of the two heads of Double-Head-Ext R-CNN, and the layers that they have."""

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from mmcv.cnn import ConvModule, NonLocal2d, build_norm_layer
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.roi_heads.bbox_heads.double_bbox_head import BasicResBlock
from mmdet.utils import ConfigType
from mmengine.model import ModuleList, Sequential
from torch import Tensor, nn

from ...layers import one_value_norm
from .grouped_non_local import GroupedNonLocal2d


class TaskOutputs(NamedTuple):
    """Predictions of one head for n RoIs, None for a task that it does not have."""

    cls_logits: Tensor | None
    """(n, C + 1), the background last."""
    bbox_deltas: Tensor | None
    """(n, 4 * C), or (n, 4) where the boxes are class-agnostic."""


@dataclass(frozen=True)
class TaskHead:
    """Classifies RoIs, localises them, or both, by layers that others own.

    It is no module, so that the layers have one name each in a checkpoint.

    Attributes:
        maps: layers from RoI features (n, C, k, k) to maps (n, W, k, k).
        fcs: layers from the flattened maps (n, W * k * k) to vectors (n, V); None for
            the average of each map.
        classifier: layer from the vectors to class logits.
        regressor: layer from the vectors to box deltas.
    """

    maps: nn.Module
    fcs: nn.Module | None
    classifier: nn.Module | None
    regressor: nn.Module | None

    def predict(self, roi_feats: Tensor) -> TaskOutputs:
        """Predictions in float32 for RoI features (n, C, k, k)."""
        maps = self.maps(roi_feats)
        if self.fcs is None:
            vectors = maps.mean(dim=(2, 3))
        else:
            vectors = self.fcs(maps.flatten(1))
        layers = (self.classifier, self.regressor)
        return TaskOutputs(
            *(None if layer is None else layer(vectors).float() for layer in layers)
        )


class ConvBranch(ModuleList):
    """Blocks of the conv-head, one after the other."""

    def forward(self, roi_feats: Tensor) -> Tensor:
        """Maps (n, W, k, k) for RoI features (n, C, k, k); n may be 0."""
        for block in self:
            if isinstance(block, NonLocal2d) and roi_feats.shape[0] == 0:
                roi_feats = _attend_to_nothing(block, roi_feats)
            else:
                roi_feats = block(roi_feats)
        return roi_feats


def build_convs(
    in_channels: int, num_convs: int, channels: int, norm_cfg: ConfigType
) -> Sequential:
    """3x3 convolutions with normalisation and ReLU; none for ``num_convs=0``."""
    widths = [in_channels] + [channels] * num_convs
    return Sequential(
        *(
            ConvModule(before, after, 3, padding=1, norm_cfg=norm_cfg)
            for before, after in pairwise(widths)
        )
    )


def build_fcs(
    in_features: int, num_fcs: int, channels: int, norm_cfg: ConfigType | None
) -> Sequential:
    """Fully connected layers with ReLU, of the fc-head (sec. 4.1)."""
    layers: list[nn.Module] = []
    widths = [in_features] + [channels] * num_fcs
    for before, after in pairwise(widths):
        layers.append(nn.Linear(before, after))
        if norm_cfg is not None:
            layers.append(build_norm_layer(one_value_norm(norm_cfg), after)[1])
        layers.append(nn.ReLU(inplace=True))
    xavier = dict(type='Xavier', layer='Linear', distribution='uniform')
    return Sequential(*layers, init_cfg=xavier)


def build_blocks(
    in_channels: int,
    num_blocks: int,
    channels: int,
    norm_cfg: ConfigType,
    non_local: ConfigType | None,
) -> ConvBranch:
    """Residual blocks of the conv-head, with non-local ones between (sec. 4.1).

    Args:
        in_channels: of the RoI features.
        num_blocks: residual ones; the first changes the width.
        channels: width of all, a multiple of 4.
        norm_cfg: their normalisation.
        non_local: of the non-local block before each bottleneck, ``groups`` as
            ``GroupedNonLocal2d`` takes them, or None for mmcv's; None for no block.
    """
    blocks = [BasicResBlock(in_channels, channels, norm_cfg=norm_cfg)]
    for _ in range(num_blocks - 1):
        if non_local is not None:
            blocks.append(_build_non_local(channels, non_local['groups'], norm_cfg))
        blocks.append(Bottleneck(channels, channels // 4, norm_cfg=norm_cfg))
    return ConvBranch(blocks)


def check_sizes(
    num_fcs: int, num_fc_convs: int, num_blocks: int, conv_out_channels: int
) -> None:
    """Raise ``ValueError`` for numbers of layers and channels that cannot be built."""
    for name, value in (('num_fcs', num_fcs), ('num_blocks', num_blocks)):
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    if num_fc_convs < 0:
        raise ValueError(f'num_fc_convs must not be negative, got {num_fc_convs}')
    if conv_out_channels % 4:
        raise ValueError(
            f'conv_out_channels must be a multiple of 4, got {conv_out_channels}'
        )


def _build_non_local(
    channels: int, groups: int | None, norm_cfg: ConfigType
) -> NonLocal2d:
    if groups is None:
        return NonLocal2d(channels)
    return GroupedNonLocal2d(channels, groups=groups, norm_cfg=norm_cfg)


def _attend_to_nothing(block: NonLocal2d, roi_feats: Tensor) -> Tensor:
    """mmcv's block cannot reshape an empty batch; its parameters still take part."""
    total = sum(parameter.flatten()[0] for parameter in block.parameters())
    return roi_feats + total * 0
