"""Forms of RoI extractors: all RoIs of a batch, each from its level."""

import torch
from mmcv.ops import RoIAlign
from mmdet.models.roi_heads.roi_extractors import SingleRoIExtractor
from torch import Tensor, nn
from torch.nn import functional as F

from ...models.roi_heads.roi_extractors import (
    DiscriminativeRoIExtractor,
    LegacyRoIExtractor,
)
from ...models.task_modules.bbox_geometry import with_last_pixel
from ...ops import DeformRoIAlign
from ..ops import deform_roi_align, roi_align
from .registry import form_of, unsupported


class LevelledExtractorForm(nn.Module):
    """Sends RoIs to levels by their size, as ``SingleRoIExtractor``."""

    def __init__(self, extractor: SingleRoIExtractor, key: str) -> None:
        super().__init__()
        self.strides = list(extractor.featmap_strides)
        self.finest_scale = extractor.finest_scale
        self.enlarge = extractor.roi_rescale
        self.layers = [
            read_layer(layer, f'{key}.roi_layer') for layer in extractor.roi_layers
        ]

    def forward(
        self,
        feats: tuple[Tensor, ...],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        """Pool as the component: (n, C, k, k) of levels in RoIs (n, 5), n > 0."""
        feats = feats[: len(self.strides)]
        levels = self._levels(rois)
        if roi_scale_factor is not None:
            rois = self.enlarge(rois, roi_scale_factor)
        if len(feats) == 1:
            return self.pool(0, feats[0], rois)
        pooled = None
        for level, feat in enumerate(feats):
            chosen = (levels == level).nonzero().squeeze(1)
            # A first RoI whose result is dropped: networks cannot all pool nothing.
            extra = torch.cat([torch.zeros_like(levels[:1]), chosen])
            own = self.pool(level, feat, rois[extra])[1:]
            if pooled is None:
                pooled = own.new_zeros(rois.shape[0], *own.shape[1:])
            pooled = pooled.index_copy(0, chosen, own)
        assert pooled is not None
        return pooled

    def pool(self, level: int, feat: Tensor, rois: Tensor) -> Tensor:
        """Pool from the map of one level."""
        raise NotImplementedError

    def sized(self, rois: Tensor) -> Tensor:
        """RoIs of the size by which they go to levels."""
        return rois

    def _levels(self, rois: Tensor) -> Tensor:
        rois = self.sized(rois)
        sides = rois[:, 3:] - rois[:, 1:3]
        ratio = torch.sqrt(sides[:, 0] * sides[:, 1]) / self.finest_scale + 1e-6
        levels = torch.zeros_like(ratio, dtype=torch.long)
        # Comparisons, since no two libraries round logarithms alike.
        for level in range(1, len(self.strides)):
            levels = levels + (ratio >= 2.0**level).long()
        return levels


@form_of(SingleRoIExtractor, 'forward', 'map_roi_levels')
class SingleRoIExtractorForm(LevelledExtractorForm):
    """RoIAlign from a pyramid."""

    def forward(
        self,
        feats: tuple[Tensor, ...],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        # MMDetection's extractor of a single level does not enlarge.
        factor = roi_scale_factor if len(self.strides) > 1 else None
        return super().forward(feats, rois, factor)

    def pool(self, level: int, feat: Tensor, rois: Tensor) -> Tensor:
        return roi_align(feat, rois, *self.layers[level])


@form_of(LegacyRoIExtractor, 'forward', 'map_roi_levels', '_with_ends')
class LegacyRoIExtractorForm(SingleRoIExtractorForm):
    """RoIAlign of RoIs whose last pixels belong to them."""

    def __init__(self, extractor: LegacyRoIExtractor, key: str) -> None:
        super().__init__(extractor, key)
        self.sized_rois = extractor._with_ends
        self.pool_last_pixel = extractor.pool_last_pixel

    def forward(
        self,
        feats: tuple[Tensor, ...],
        rois: Tensor,
        roi_scale_factor: float | None = None,
    ) -> Tensor:
        rois = with_last_pixel(rois) if self.pool_last_pixel else rois
        return super().forward(feats, rois, roi_scale_factor)

    def sized(self, rois: Tensor) -> Tensor:
        return self.sized_rois(rois)


@form_of(DiscriminativeRoIExtractor, 'forward', 'map_roi_levels', '_pool_level')
class DiscriminativeRoIExtractorForm(LevelledExtractorForm):
    """Discriminative RoI pooling of D2Det."""

    def __init__(self, extractor: DiscriminativeRoIExtractor, key: str) -> None:
        super().__init__(extractor, key)
        self.coarse = [read_layer(layer, key) for layer in extractor.coarse_layers]
        self.offset_scales = [layer.offset_scale for layer in extractor.roi_layers]
        self.offset_predictors = extractor.offset_predictors
        self.poolings = extractor.poolings
        self.sampled_rois = extractor._sampled_rois
        self.released_sampling = extractor.released_sampling

    def sized(self, rois: Tensor) -> Tensor:
        return with_last_pixel(rois) if self.released_sampling else rois

    def pool(self, level: int, feat: Tensor, rois: Tensor) -> Tensor:
        parameters = min(level, len(self.poolings) - 1)
        coarse_rois, fine_rois = self.sampled_rois(rois)
        coarse = roi_align(feat, coarse_rois, *self.coarse[level])
        offset = self.offset_predictors[parameters](coarse)
        # The 2 x 2 samples of a sub-region move together.
        offset = F.interpolate(offset, scale_factor=2, mode='nearest')
        samples = deform_roi_align(
            feat, fine_rois, offset, *self.layers[level][:3], self.offset_scales[level]
        )
        return self.poolings[parameters](samples)


def read_layer(layer: nn.Module, key: str) -> tuple[list[int], float, int, bool]:
    """Output size, scale, sampling ratio and alignment of a RoI layer.

    Raises:
        UserError: for a layer other than RoIAlign with averages.
    """
    if isinstance(layer, DeformRoIAlign):
        size = list(layer.output_size)
        return size, layer.spatial_scale, layer.sampling_ratio, True
    if not isinstance(layer, RoIAlign) or layer.pool_mode != 'avg':
        raise unsupported(key, f'{type(layer).__name__} is not RoIAlign with averages')
    size = list(layer.output_size)
    return size, layer.spatial_scale, layer.sampling_ratio, layer.aligned
