"""RoI pooling of released models: other ends of RoIs, other pooling layers."""

from typing import Any

import mmcv.ops
import torch
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from mmdet.registry import MODELS
from torch import Tensor, nn

from mmdet_plus.ops import DeformRoIAlign, RoIMaxPool

from ...task_modules.bbox_geometry import with_last_pixel, without_last_pixel


def as_position_sensitive(
    rois: Tensor, output_size: int, sampling_ratio: int
) -> Tensor:
    """RoIs for which RoIAlign samples where deformable PSRoI pooling did.

    That rounds the corners, adds the last pixel, and puts sample k of K of a side at
    k / K of the RoI, not at (k + 1/2) / K.

    Args:
        rois: (n, 5) batch index, x1, y1, x2, y2.
        output_size: bins of a side.
        sampling_ratio: samples of a bin and side.

    Returns:
        (n, 5).
    """
    corners = (rois[:, 1:] + 0.5).floor()
    size = corners[:, 2:] + 1 - corners[:, :2]
    start = corners[:, :2] - size / (2 * output_size * sampling_ratio)
    return torch.cat([rois[:, :1], start, start + size], dim=1)


@MODELS.register_module()
class LegacyDeformRoIPool(nn.Module):
    """Deformable RoI pooling of Deformable ConvNets, arXiv 1703.06211, sec. 2.2.

    A fully connected layer reads the plainly pooled RoI and moves the bins. Samples lie
    where the authors' operator has them; within half a cell of the border ours are a
    little different.

    Args:
        output_size: bins of a side.
        in_channels: of the map.
        sampling_ratio: samples of a bin and side.
        offset_scale: step of an offset of 1 as a fraction of the RoI.
        spatial_scale: size of the map over that of the network input.
    """

    def __init__(
        self,
        output_size: int,
        *,
        in_channels: int,
        sampling_ratio: int = 4,
        offset_scale: float = 0.1,
        spatial_scale: float = 1.0,
    ) -> None:
        super().__init__()
        self.pool = DeformRoIAlign(
            output_size,
            spatial_scale=spatial_scale,
            sampling_ratio=sampling_ratio,
            offset_scale=offset_scale,
        )
        self.output_size = self.pool.output_size
        cells = output_size**2
        self.offset = nn.Linear(in_channels * cells, 2 * cells)
        nn.init.zeros_(self.offset.weight)
        nn.init.zeros_(self.offset.bias)

    def forward(self, feat: Tensor, rois: Tensor) -> Tensor:
        """Pool (B, C, H, W) in RoIs (n, 5): (n, C, k, k)."""
        size = self.output_size[0]
        rois = as_position_sensitive(rois, size, self.pool.sampling_ratio)
        offset = self.offset(self.pool(feat, rois).flatten(1))
        return self.pool(feat, rois, offset.view(-1, 2, size, size))


# Where MMDetection looks for the layers of its RoI extractors.
mmcv.ops.RoIMaxPool = RoIMaxPool
mmcv.ops.LegacyDeformRoIPool = LegacyDeformRoIPool


@MODELS.register_module()
class LegacyRoIExtractor(SingleRoIExtractor):
    """``SingleRoIExtractor`` for RoIs whose pixels x2 and y2 belong to them.

    So Detectron, maskrcnn-benchmark, MMDetection 1.x and the MXNet R-CNNs choose the
    level and enlarge RoIs.

    Args:
        pool_last_pixel: whether also the pooling reads up to x2 + 1 and y2 + 1, as in
            MMDetection 1.x; the others pool up to x2 and y2.
        **kwargs: as ``SingleRoIExtractor`` takes them.
    """

    def __init__(self, *, pool_last_pixel: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.pool_last_pixel = pool_last_pixel

    def map_roi_levels(self, rois: Tensor, num_levels: int) -> Tensor:
        """Levels (n,) of RoIs (n, 5), by their size with the last pixel."""
        return super().map_roi_levels(self._with_ends(rois), num_levels)

    def roi_rescale(self, rois: Tensor, scale_factor: float) -> Tensor:
        """Enlarge RoIs (n, 5) about their centres, with the last pixel."""
        scaled = super().roi_rescale(self._with_ends(rois), scale_factor)
        return scaled if self.pool_last_pixel else without_last_pixel(scaled)

    def forward(
        self,
        feats: tuple[Tensor, ...],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        """Pool RoIs (n, 5) from levels (B, C, H_i, W_i): (n, C, k, k)."""
        rois = with_last_pixel(rois) if self.pool_last_pixel else rois
        if len(feats) == 1:
            return super().forward(feats, rois, roi_scale_factor)
        rois = rois.type_as(feats[0])
        levels = self.map_roi_levels(rois, len(feats))
        if roi_scale_factor is not None:
            rois = self.roi_rescale(rois, roi_scale_factor)
        size = self.roi_layers[0].output_size
        pooled = feats[0].new_zeros(len(rois), self.out_channels, *size)
        for level, feat in enumerate(feats):
            chosen = (levels == level).nonzero().squeeze(1)
            if len(chosen) > 0:
                roi_feats = self.roi_layers[level](feat, rois[chosen])
                pooled = pooled.index_copy(0, chosen, roi_feats.to(pooled.dtype))
            else:
                pooled = pooled + self._zero(feat).to(pooled.dtype)
        return pooled

    def _zero(self, feat: Tensor) -> Tensor:
        """A zero that depends on a level without RoIs, whatever is in it.

        All parameters take part on all ranks, or distributed training hangs.
        """
        parts = [feat, *self.parameters()]
        return torch.stack([part[:0].sum() for part in parts]).sum()

    def _with_ends(self, rois: Tensor) -> Tensor:
        return rois if self.pool_last_pixel else with_last_pixel(rois)
