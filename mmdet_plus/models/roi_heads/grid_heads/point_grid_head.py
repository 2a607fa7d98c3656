"""The grid branch of CPM R-CNN: heat maps of the points of one stage."""

import math
from typing import Any, NamedTuple

from mmcv.cnn import ConvModule
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn

from .grid_points import decode_points, large_enough, point_targets, vote_bboxes
from .point_feature_fusion import PointFeatureFusion


class GridPredictions(NamedTuple):
    """What the grid branch predicts of n RoIs."""

    local_feats: Tensor
    """(n, out_channels, s / 2, s / 2), which the IoU scoring module reads."""
    heatmap_logits: Tensor
    """(n, grid_size**2, 2s, 2s), in the order of ``grid_points``."""


@MODELS.register_module()
class PointGridHead(BaseModule):
    """Predicts a heat map for each grid point of an object, and boxes from them.

    The branch g and the mapping M of CPM R-CNN (arXiv 2003.03570), Eq. 1, with the
    layers of Grid R-CNN Plus (1906.05688): convolutions on the RoI feature, then two
    transposed ones with a group for each point.

    Differs from the paper, after the released models: points do not exchange features
    (``fuse_points``). RoIs smaller than the grid carry no loss.

    Args:
        in_channels: channels of the RoI feature.
        grid_size: points along one side.
        num_convs: 3 x 3 convolutions; the first has stride 2.
        point_channels: channels of each point.
        norm_cfg: normalisation of the convolutions.
        conv_bias: whether convolutions have a bias before their norm, as in the
            released models.
        roi_feat_size: side of the RoI feature, an even number. Heat maps have twice as
            many cells.
        mapping_ratio: of the region of the whole map to the RoI (Table 4).
        pos_radius: radius of the target disc in cells.
        fuse_points: whether points exchange features as in Grid R-CNN.
        loss_grid: loss of the heat map logits; omega of Eq. 2 is its weight.
    """

    def __init__(
        self,
        in_channels: int = 256,
        *,
        grid_size: int = 3,
        num_convs: int = 8,
        point_channels: int = 64,
        norm_cfg: ConfigType | None = None,
        conv_bias: bool = False,
        roi_feat_size: int = 14,
        mapping_ratio: float = 2.0,
        pos_radius: int = 1,
        fuse_points: bool = False,
        loss_grid: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if grid_size < 2:
            raise ValueError(f'grid_size must be at least 2, got {grid_size}')
        if mapping_ratio < 1:
            raise ValueError(f'mapping_ratio must be at least 1, got {mapping_ratio}')
        if roi_feat_size % 2:
            raise ValueError(f'roi_feat_size must be even, got {roi_feat_size}')
        super().__init__(init_cfg=init_cfg or self._default_init())
        self.grid_size = grid_size
        self.map_size = 2 * roi_feat_size
        self.mapping_ratio = mapping_ratio
        self.pos_radius = pos_radius
        self.out_channels = grid_size**2 * point_channels
        norm = norm_cfg or dict(type='GN', num_groups=36)
        self.convs = self._build_convs(in_channels, num_convs, norm, conv_bias)
        self.fusion = (
            PointFeatureFusion(grid_size, point_channels=point_channels)
            if fuse_points
            else nn.Identity()
        )
        self._build_deconvs(grid_size**2)
        self.loss_grid = MODELS.build(
            loss_grid
            or dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=15.0)
        )

    @staticmethod
    def _default_init() -> dict:
        # A cell is probable by 0.01 at first.
        bias = -math.log(0.99 / 0.01)
        return dict(
            type='Kaiming',
            layer=['Conv2d', 'ConvTranspose2d'],
            override=dict(type='Normal', name='heatmap_deconv', std=0.001, bias=bias),
        )

    def _build_convs(
        self, in_channels: int, num_convs: int, norm_cfg: ConfigType, conv_bias: bool
    ) -> nn.Sequential:
        return nn.Sequential(
            *(
                ConvModule(
                    in_channels if i == 0 else self.out_channels,
                    self.out_channels,
                    3,
                    stride=2 if i == 0 else 1,
                    padding=1,
                    bias=conv_bias or 'auto',
                    norm_cfg=norm_cfg,
                )
                for i in range(num_convs)
            )
        )

    def _build_deconvs(self, num_points: int) -> None:
        channels = self.out_channels
        kernel: dict[str, Any] = dict(
            kernel_size=4, stride=2, padding=1, groups=num_points
        )
        self.deconv = nn.ConvTranspose2d(channels, channels, **kernel)
        self.deconv_norm = nn.GroupNorm(num_points, channels)
        self.relu = nn.ReLU(inplace=True)
        self.heatmap_deconv = nn.ConvTranspose2d(channels, num_points, **kernel)

    def forward(self, roi_feats: Tensor) -> GridPredictions:
        """Predict from RoI features (n, C, s, s)."""
        local_feats = self.convs(roi_feats)
        feats = self.deconv(self.fusion(local_feats))
        logits = self.heatmap_deconv(self.relu(self.deconv_norm(feats))).float()
        return GridPredictions(local_feats, logits)

    def loss(
        self, predictions: GridPredictions, bboxes: Tensor, gt_bboxes: Tensor
    ) -> dict[str, Tensor]:
        """Losses of positive RoIs; zero, but with a gradient path, when there are none.

        Args:
            predictions: as :meth:`forward` returns them.
            bboxes: (n, 4) xyxy of the features, pixels of the network input.
            gt_bboxes: (n, 4) same frame, row i belongs to ``bboxes[i]``.

        Returns:
            ``loss_grid``.
        """
        heatmap_logits = predictions.heatmap_logits
        targets, valid = self.get_targets(bboxes, gt_bboxes)
        if len(targets) == 0:
            return dict(loss_grid=heatmap_logits.sum() * 0)
        return dict(loss_grid=self.loss_grid(heatmap_logits[valid], targets))

    def get_targets(self, bboxes: Tensor, gt_bboxes: Tensor) -> tuple[Tensor, Tensor]:
        """Heat maps (m, grid_size**2, 2s, 2s), and which m of n RoIs they are for."""
        valid = large_enough(bboxes, self.grid_size)
        targets = point_targets(
            bboxes[valid],
            gt_bboxes[valid],
            self.mapping_ratio,
            self.grid_size,
            self.map_size,
            self.pos_radius,
        )
        return targets, valid

    def predict_by_feat(self, predictions: GridPredictions, bboxes: Tensor) -> Tensor:
        """Boxes whose sides the points vote for.

        Args:
            predictions: as :meth:`forward` returns them.
            bboxes: (n, 4) xyxy the features were taken from.

        Returns:
            (n, 4) xyxy, not clipped. Each contains the centre of its RoI.
        """
        logits = predictions.heatmap_logits
        return vote_bboxes(*decode_points(logits, bboxes, self.mapping_ratio))
