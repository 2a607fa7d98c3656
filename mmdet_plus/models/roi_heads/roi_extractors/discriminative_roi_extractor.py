"""Discriminative RoI pooling of D2Det."""

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS
from mmdet.utils import OptMultiConfig
from torch import Tensor, nn
from torch.nn import functional as F

from mmdet_plus.ops import DeformRoIAlign, local_importance_pool2d

from ...task_modules.bbox_geometry import with_last_pixel
from .legacy_roi_extractor import as_position_sensitive

# Bounds the exponent of the weights to [0, 12] (Local Importance-based Pooling).
MAX_LOGIT = 12
# RoIs whose samples and weights stay in the cache of a CPU.
PIECE = 16


@MODELS.register_module()
class DiscriminativeRoIExtractor(SingleRoIExtractor):
    """Samples moved sub-regions of an RoI and averages them with learnt weights.

    Discriminative RoI pooling of D2Det (CVPR 2020), sec. 3.2: a light-weight offset
    predictor moves each of the k x k sub-regions, and the 2k x 2k samples are averaged
    with weights predicted from themselves. RoIs go to pyramid levels as in
    ``SingleRoIExtractor``.

    Differs from the paper: Eq. 4 and the average pooling of stride two are one weighted
    average over 3 x 3 windows of stride two, as in the released models.

    Args:
        out_channels: C, channels of every level.
        featmap_strides: strides of the levels.
        output_size: k.
        sampling_ratio: samples per bin of the 2k x 2k grid and axis; 2 for detection, 1
            for the released instance segmentation models.
        coarse_sampling_ratio: the same of the coarse map that offsets come from; None
            takes ``sampling_ratio``.
        offset_channels: width of the two hidden layers of the offset predictor.
        offset_scale: gamma, the step of an offset of 1 as a fraction of the RoI.
        share_across_levels: one set of parameters for all levels instead of one each.
        adaptive_weighting: False averages with equal weights (ablation of sec. 4.2).
        weights_per_channel: W(F) of each channel as released, or, as sec. 3.2 has it,
            one for all.
        finest_scale: RoIs below twice this scale go to the first level.
        released_sampling: samples as the released models have them, see
            ``as_position_sensitive``, and levels by sizes with the last pixel. Exact
            but for samples within half a cell of the border.
    """

    def __init__(
        self,
        out_channels: int,
        *,
        featmap_strides: Sequence[int],
        output_size: int = 7,
        sampling_ratio: int = 2,
        offset_channels: int = 1024,
        offset_scale: float = 0.1,
        share_across_levels: bool = False,
        adaptive_weighting: bool = True,
        weights_per_channel: bool = True,
        finest_scale: int = 56,
        coarse_sampling_ratio: int | None = None,
        released_sampling: bool = False,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        samples = dict(
            type=DeformRoIAlign,
            output_size=2 * output_size,
            sampling_ratio=sampling_ratio,
            offset_scale=offset_scale,
        )
        super().__init__(
            roi_layer=samples,
            out_channels=out_channels,
            featmap_strides=list(featmap_strides),
            finest_scale=finest_scale,
            init_cfg=init_cfg,
        )
        self.output_size = output_size
        self.sampling_ratio = sampling_ratio
        if coarse_sampling_ratio is None:
            coarse_sampling_ratio = sampling_ratio
        self.coarse_sampling_ratio = coarse_sampling_ratio
        self.released_sampling = released_sampling
        coarse = dict(
            type=DeformRoIAlign,
            output_size=output_size // 2,
            sampling_ratio=coarse_sampling_ratio,
        )
        self.coarse_layers = self.build_roi_layers(coarse, self.featmap_strides)
        num_sets = 1 if share_across_levels else len(self.featmap_strides)
        self.offset_predictors = nn.ModuleList(
            OffsetPredictor(out_channels, output_size, offset_channels)
            for _ in range(num_sets)
        )
        self.poolings = nn.ModuleList(
            _build_pooling(out_channels, adaptive_weighting, weights_per_channel)
            for _ in range(num_sets)
        )

    def forward(
        self,
        feats: tuple[Tensor, ...],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        """Pool RoIs from a feature pyramid.

        Args:
            feats: levels (B, C, H_i, W_i), in the order of ``featmap_strides``.
            rois: (n, 5) batch index, x1, y1, x2, y2 in pixels of the network input.
            roi_scale_factor: enlarges the RoIs about their centres after their levels
                are chosen.

        Returns:
            (n, C, k, k), of the dtype of ``feats``.
        """
        sized = with_last_pixel(rois) if self.released_sampling else rois
        levels = self.map_roi_levels(sized, len(feats))
        if roi_scale_factor is not None:
            rois = self.roi_rescale(rois, roi_scale_factor)
        k = self.output_size
        pooled = feats[0].new_zeros(len(rois), self.out_channels, k, k)
        for level, feat in enumerate(feats):
            chosen = (levels == level).nonzero().squeeze(1)
            if len(chosen) > 0:
                roi_feats = self._pool_level(level, feat, rois[chosen])
                pooled = pooled.index_copy(0, chosen, roi_feats.to(pooled.dtype))
            elif self.training:
                # All parameters take part on all ranks, or distributed training hangs.
                pooled = pooled + self._zero(level).to(pooled.dtype)
        return pooled

    def _pool_level(self, level: int, feat: Tensor, rois: Tensor) -> Tensor:
        parameters = min(level, len(self.poolings) - 1)
        coarse_rois, fine_rois = self._sampled_rois(rois)
        coarse = self.coarse_layers[level](feat, coarse_rois)
        offset = self.offset_predictors[parameters](coarse)
        # The 2 x 2 samples of a sub-region move together.
        offset = F.interpolate(offset, scale_factor=2, mode='nearest')
        samples = self.roi_layers[level](feat, fine_rois, offset)
        pool = self.poolings[parameters]
        size = PIECE if samples.device.type == 'cpu' else len(samples)
        return torch.cat([pool(piece) for piece in samples.split(size)])

    def _sampled_rois(self, rois: Tensor) -> tuple[Tensor, Tensor]:
        """What the coarse and the fine RoIAlign read of RoIs (n, 5)."""
        if not self.released_sampling:
            return rois, rois
        k = self.output_size
        return (
            as_position_sensitive(rois, k // 2, self.coarse_sampling_ratio),
            as_position_sensitive(rois, 2 * k, self.sampling_ratio),
        )

    def _zero(self, level: int) -> Tensor:
        parameters = min(level, len(self.poolings) - 1)
        modules = (self.offset_predictors[parameters], self.poolings[parameters])
        used = [p.flatten()[0] for module in modules for p in module.parameters()]
        return torch.stack(used).sum() * 0


class OffsetPredictor(nn.Module):
    """Light-weight offset prediction (sec. 3.2): three fc layers on a coarse RoIAlign.

    Has about a quarter of the parameters of standard deformable RoI pooling, whose fc
    layers read k x k cells instead of (k // 2) x (k // 2). Starts with zero offsets.
    """

    def __init__(
        self, in_channels: int, output_size: int, hidden_channels: int
    ) -> None:
        super().__init__()
        self.output_size = output_size
        coarse_cells = (output_size // 2) ** 2
        last = nn.Linear(hidden_channels, 2 * output_size**2)
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        self.layers = nn.Sequential(
            nn.Linear(in_channels * coarse_cells, hidden_channels),
            nn.ReLU(inplace=True),
            nn.Linear(hidden_channels, hidden_channels),
            nn.ReLU(inplace=True),
            last,
        )

    def forward(self, coarse: Tensor) -> Tensor:
        """Map (n, C, k // 2, k // 2) to offsets (n, 2, k, k), x before y."""
        k = self.output_size
        return self.layers(coarse.flatten(1)).view(-1, 2, k, k)


class AdaptiveWeightedPool(nn.Module):
    """Halves the resolution by averages weighted with W(F) (sec. 3.2, Eq. 4).

    W(F) = exp(12 * sigmoid(InstanceNorm(conv(F)))); the convolution starts at zero, so
    the weights start uniform.
    """

    def __init__(self, channels: int, num_weights: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, num_weights, 3, padding=1, bias=False)
        self.norm = nn.InstanceNorm2d(num_weights, affine=True)
        nn.init.zeros_(self.conv.weight)

    def forward(self, samples: Tensor) -> Tensor:
        """Map (n, C, 2k, 2k) to (n, C, k, k)."""
        # float32 under AMP: a rounding of the exponent is a factor on the weight.
        logits = MAX_LOGIT * self.norm(self.conv(samples).float()).sigmoid()
        logits = logits.expand(samples.shape)  # one for all channels
        return local_importance_pool2d(samples, logits, 3, 2, 1)


class PlainPool(nn.Module):
    """What :class:`AdaptiveWeightedPool` is with uniform weights."""

    def forward(self, samples: Tensor) -> Tensor:
        """Map (n, C, 2k, 2k) to (n, C, k, k)."""
        return F.avg_pool2d(samples, 3, 2, 1, count_include_pad=False)


def _build_pooling(channels: int, adaptive: bool, per_channel: bool) -> nn.Module:
    """What halves the resolution of the samples of a level."""
    if not adaptive:
        return PlainPool()
    return AdaptiveWeightedPool(channels, channels if per_channel else 1)
