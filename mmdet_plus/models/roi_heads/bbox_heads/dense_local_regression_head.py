"""Dense local regression of D2Det."""

from itertools import pairwise
from typing import Literal, NamedTuple

import torch
from mmcv.cnn import ConvModule
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn

from ...task_modules.bbox_geometry import order_corners

OVERLAP_THRESHOLD = 0.5  # on sigmoid(overlap logit), sec. 3.1


class DenseLocalPredictions(NamedTuple):
    """What the cells of n RoIs predict."""

    local_feats: Tensor
    """(n, conv_channels, k, k), which the mask branch reads."""
    offsets: Tensor
    """(n, 4, k, k) left, right, top, bottom, at least 0, as fractions of the RoI."""
    overlap_logits: Tensor | None
    """(n, k, k); None without the overlap predictor."""


def overlap_targets(centres: Tensor, gt_bboxes: Tensor, margin: Tensor) -> Tensor:
    """Which cells lie in the ground truth (Eq. 3).

    Args:
        centres: (n, 2, k, k) x, y of the cells, pixels of the network input.
        gt_bboxes: (n, 4) xyxy, same frame.
        margin: (n, 2) in x and y, by which a centre must be inside on every side.

    Returns:
        (n, k, k) bool.
    """
    low, high = gt_bboxes[:, :2] + margin, gt_bboxes[:, 2:] - margin
    inside = (centres >= low[:, :, None, None]) & (centres <= high[:, :, None, None])
    return inside.all(dim=1)


@MODELS.register_module()
class DenseLocalRegressionHead(BaseModule):
    """Each cell of an RoI predicts the box of the object and whether it lies in it.

    Dense local regression of D2Det (CVPR 2020), sec. 3.1, one output for all classes.

    Differs from the paper, after the released models: the RoI feature is twice as fine
    as the grid (``first_stride``); a cell counts as inside only with a margin
    (``overlap_margin``); the box loss has a floor (``FlooredIoULoss``) and is averaged
    over all cells, also those outside, which carry none; an RoI without a cell
    predicted inside keeps its box.

    Args:
        in_channels: channels of the RoI feature.
        num_convs: 3 x 3 convolutions.
        first_stride: stride of the first one, 2 as released or 1 as in sec. 4.1.
        conv_channels: their channels.
        norm_cfg: their normalisation.
        roi_feat_size: side of the RoI feature, a multiple of ``first_stride``, by which
            it is divided for the side of the grid.
        overlap_margin: ``'released'`` asks for a margin on every side of 1 / (k - 1)
            of the proposal's size, ``'paper'`` for none.
        predict_overlap: False trains and averages all cells alike (ablation of
            sec. 4.2).
        bbox_coder: type of the coder; its grid size is set from ``roi_feat_size``.
        loss_bbox: loss between decoded and ground truth boxes; that of the paper is
            ``dict(type='IoULoss', mode='log', loss_weight=2.0)``.
        loss_overlap: loss of the overlap logits.
    """

    def __init__(
        self,
        in_channels: int = 256,
        *,
        num_convs: int = 8,
        conv_channels: int = 576,
        norm_cfg: ConfigType | None = None,
        first_stride: int = 2,
        roi_feat_size: int = 14,
        overlap_margin: Literal['released', 'paper'] = 'released',
        predict_overlap: bool = True,
        bbox_coder: ConfigType | None = None,
        loss_bbox: ConfigType | None = None,
        loss_overlap: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if overlap_margin not in ('released', 'paper'):
            raise ValueError(
                f"overlap_margin must be 'released' or 'paper', got {overlap_margin!r}"
            )
        grid_size = roi_feat_size // first_stride
        if roi_feat_size % first_stride or grid_size < 2:
            raise ValueError(
                f'roi_feat_size must be a multiple of first_stride={first_stride}, at '
                f'least twice of it, got {roi_feat_size}'
            )
        super().__init__(init_cfg=init_cfg or self._default_init(predict_overlap))
        self.overlap_margin = overlap_margin
        coder = bbox_coder or dict(type='DenseLocalBBoxCoder')
        self.bbox_coder = TASK_UTILS.build({**coder, 'grid_size': grid_size})
        norm = norm_cfg or dict(type='GN', num_groups=36)
        widths = [in_channels, *[conv_channels] * num_convs]
        self.convs = self._build_convs(widths, first_stride, norm)
        self.offset_conv = nn.Conv2d(conv_channels, 4, 3, padding=1)
        self.overlap_conv = (
            nn.Conv2d(conv_channels, 1, 3, padding=1) if predict_overlap else None
        )
        self.loss_bbox = MODELS.build(
            loss_bbox or dict(type='FlooredIoULoss', loss_weight=2.0)
        )
        self.loss_overlap = MODELS.build(
            loss_overlap
            or dict(type='CrossEntropyLoss', use_sigmoid=True, loss_weight=1.0)
        )

    @staticmethod
    def _default_init(predict_overlap: bool) -> dict:
        names = ['offset_conv', *(['overlap_conv'] if predict_overlap else [])]
        return dict(
            type='Normal', std=0.001, override=[dict(name=name) for name in names]
        )

    @staticmethod
    def _build_convs(
        widths: list[int], first_stride: int, norm_cfg: ConfigType
    ) -> nn.Sequential:
        return nn.Sequential(
            *(
                ConvModule(
                    *pair,
                    3,
                    stride=first_stride if i == 0 else 1,
                    padding=1,
                    norm_cfg=norm_cfg,
                )
                for i, pair in enumerate(pairwise(widths))
            )
        )

    def forward(self, roi_feats: Tensor) -> DenseLocalPredictions:
        """Predict from RoI features (n, C, 2k, 2k)."""
        local_feats = self.convs(roi_feats)
        overlap_logits = None
        if self.overlap_conv is not None:
            overlap_logits = self.overlap_conv(local_feats).squeeze(1).float()
        offsets = self.offset_conv(local_feats).relu().float()
        return DenseLocalPredictions(local_feats, offsets, overlap_logits)

    def loss(
        self,
        predictions: DenseLocalPredictions,
        bboxes: Tensor,
        gt_bboxes: Tensor,
        inside: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses of positive RoIs; zero, but with a gradient path, when there are none.

        Args:
            predictions: as :meth:`forward` returns them.
            bboxes: (n, 4) xyxy the features were taken from, pixels of the network
                input.
            gt_bboxes: (n, 4) same frame, row i belongs to ``bboxes[i]``.
            inside: (n, k, k) bool, the overlap by masks (sec. 3.3); None takes Eq. 3.

        Returns:
            ``loss_bbox`` and, with the overlap predictor, ``loss_overlap``.
        """
        _, offsets, overlap_logits = predictions
        target_bboxes, inside_bboxes = self.get_targets(bboxes, gt_bboxes)
        inside = inside_bboxes if inside is None else inside
        if len(bboxes) == 0:
            outputs = dict(loss_bbox=offsets, loss_overlap=overlap_logits)
            return {k: v.sum() * 0 for k, v in outputs.items() if v is not None}
        decoded = self.bbox_coder.decode(bboxes, offsets)
        cells = inside if overlap_logits is not None else torch.ones_like(inside)
        losses = dict(
            loss_bbox=self.loss_bbox(
                decoded.permute(0, 2, 3, 1).reshape(-1, 4),
                target_bboxes.permute(0, 2, 3, 1).reshape(-1, 4),
                weight=cells.flatten().float(),
                avg_factor=cells.numel(),
            )
        )
        if overlap_logits is not None:
            losses['loss_overlap'] = self.loss_overlap(
                overlap_logits.reshape(-1, 1), inside.reshape(-1, 1).float()
            )
        return losses

    def get_targets(self, bboxes: Tensor, gt_bboxes: Tensor) -> tuple[Tensor, Tensor]:
        """Ground truth boxes (n, 4, k, k) and overlap (n, k, k) of every cell."""
        k = self.bbox_coder.grid_size
        centres = self.bbox_coder.cell_centres(bboxes)
        margin = torch.zeros_like(bboxes[:, :2])
        if self.overlap_margin == 'released':
            margin = (bboxes[:, 2:] - bboxes[:, :2]) / (k - 1)
        target_bboxes = gt_bboxes[:, :, None, None].expand(-1, -1, k, k)
        return target_bboxes, overlap_targets(centres, gt_bboxes, margin)

    def predict_by_feat(
        self, predictions: DenseLocalPredictions, bboxes: Tensor
    ) -> Tensor:
        """Average the boxes of the cells predicted to lie in the object.

        Args:
            predictions: as :meth:`forward` returns them; without overlap logits, all
                cells are averaged.
            bboxes: (n, 4) xyxy the features were taken from.

        Returns:
            (n, 4) xyxy, not clipped; the row of ``bboxes`` where no cell is inside.
        """
        _, offsets, overlap_logits = predictions
        decoded = self.bbox_coder.decode(bboxes, offsets)
        if overlap_logits is None:
            return order_corners(decoded.mean(dim=(2, 3)))
        inside = (overlap_logits.sigmoid() > OVERLAP_THRESHOLD)[:, None]
        count = inside.sum(dim=(2, 3))
        mean = (decoded * inside).sum(dim=(2, 3)) / count.clamp(min=1)
        return order_corners(torch.where(count > 0, mean, bboxes))
