"""DCR V2: boxes are pooled from an early map of the detector's backbone."""

import math
from typing import Any

from mmdet.models.backbones import RegNet, ResNet
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from torch import Tensor, nn

from .box_refiner import BoxRefiner, RefinerInputs

NUM_STAGES = 4
STEM_STRIDE = 4


@MODELS.register_module()
class RegionRefiner(BoxRefiner):
    """Classifies pooled regions: DCR V2 (arXiv 1810.04002), sec. 4.3 and 5.1.2.

    The detector's first stages are shared, the others are copied. RoIs are pooled to
    the size that they would have at that stage in a crop of ``crop_size`` pixels, as
    the test times of Table 2 suggest; the paper does not say it. Strides and channels
    are those of the ResNet.

    Args:
        tail: the copied stages, a ``ResNetTail`` without ``first_stage``.
        num_shared_stages: k, stages shared with the detector (Table 2a), 1 to 4.
        num_image_stages: copied stages that run on the whole image, before the
            pooling (Table 2b), 0 to 4 - k.
        crop_size: side of the crop that a region stands for.
        roi_layer: pooling without its size.
        **kwargs: as ``BoxRefiner`` takes them.
    """

    def __init__(
        self,
        tail: ConfigType,
        *,
        num_shared_stages: int = 1,
        num_image_stages: int = 0,
        crop_size: int = 224,
        roi_layer: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        if not 1 <= num_shared_stages <= NUM_STAGES:
            raise ValueError(
                f'num_shared_stages must be 1 to {NUM_STAGES}, got {num_shared_stages}'
            )
        if not 0 <= num_image_stages <= NUM_STAGES - num_shared_stages:
            raise ValueError(
                f'num_image_stages must be 0 to {NUM_STAGES - num_shared_stages} with '
                f'num_shared_stages={num_shared_stages}, got {num_image_stages}'
            )
        stages = MODELS.build({**tail, 'first_stage': num_shared_stages})
        super().__init__(stages.feat_dim, **kwargs)
        self.tail = stages
        self.num_shared_stages = num_shared_stages
        self.num_image_stages = num_image_stages
        # Of a ResNet's four stages, each doubles the channels.
        pooled_stage = num_shared_stages + num_image_stages
        stride = STEM_STRIDE * math.prod(stages.strides[:pooled_stage])
        roi_layer = roi_layer or dict(type='FastRoIAlign', sampling_ratio=0)
        self.roi_extractor = MODELS.build(
            dict(
                type='SingleRoIExtractor',
                roi_layer={**roi_layer, 'output_size': max(crop_size // stride, 1)},
                out_channels=stages.feat_dim // 2 ** (NUM_STAGES - pooled_stage),
                featmap_strides=[stride],
            )
        )

    def check_backbone(self, backbone: nn.Module | None) -> None:
        """It must be a ResNet, give the shared stages, and fit the copied ones."""
        if backbone is None:
            raise ValueError(
                "RegionRefiner shares stages of the detector's backbone: use "
                'SharedBaseDCR, or a CropRefiner'
            )
        shared = self.num_shared_stages
        # A RegNet inherits from ResNet, and has another stem and other widths.
        if isinstance(backbone, RegNet) or not isinstance(backbone, ResNet):
            raise ValueError(
                f'RegionRefiner continues a ResNet, not a {type(backbone).__name__}: '
                'use FrozenBaseDCR with a CropRefiner'
            )
        if tuple(backbone.out_indices[:shared]) != tuple(range(shared)):
            raise ValueError(
                f'RegionRefiner shares {shared} stages: backbone.out_indices must '
                f'begin with {tuple(range(shared))}, got {tuple(backbone.out_indices)}'
            )
        theirs, ours = _stage_sizes(backbone, shared), _stage_sizes(self.tail, shared)
        if theirs != ours:
            raise ValueError(
                f'refiner.tail continues a stage {shared} of {ours[0]} channels and '
                f'stride {ours[1]}; that of the backbone has {theirs[0]} and '
                f'{theirs[1]}: give both the same depth, width and strides'
            )

    def image_feats(self, inputs: RefinerInputs) -> Tensor:
        """The map (B, C, H', W') that regions are pooled from."""
        x = inputs.stages[self.num_shared_stages - 1]
        for stage in self.tail.stages[: self.num_image_stages]:
            x = stage(x)
        return x

    def box_feats(self, image_feats: Tensor, rois: Tensor) -> Tensor:
        """Average (n, in_channels) of the last stage over each region."""
        x = self.roi_extractor((image_feats,), rois)
        for stage in self.tail.stages[self.num_image_stages :]:
            x = stage(x)
        return x.mean(dim=(2, 3))


def _stage_sizes(network: ResNet, stage: int) -> tuple[int, int]:
    """Channels and stride of the output of a stage, counted from 1."""
    last = network.feat_dim // 2 ** (network.num_stages - 1)
    return last * 2 ** (stage - 1), STEM_STRIDE * math.prod(network.strides[:stage])
