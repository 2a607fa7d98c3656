"""The IoU scoring module of CPM R-CNN."""

from itertools import pairwise

import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from mmdet.utils import ConfigType, OptMultiConfig
from mmengine.model import BaseModule
from torch import Tensor, nn


@MODELS.register_module()
class IoUScoringHead(BaseModule):
    """Predicts how well an RoI covers its object, from the features of the grid branch.

    ISM of CPM R-CNN (arXiv 2003.03570), sec. 3.3, Eq. 3 and 7: three fully connected
    layers, the loss of Table 5 between predicted and true IoU.

    Differs from the paper, after the released models: two linear outputs, for 1 - IoU
    and IoU, and the IoU is that of the RoI which the features were taken from.

    Args:
        in_channels: channels of the features.
        feat_size: their side.
        num_fcs: hidden layers.
        fc_out_channels: their width.
        max_iou: of predictions; None for no limit, as in the released models.
        loss_iou: loss type, such as ``MSELoss``, ``SmoothL1Loss`` or ``L1Loss``.
    """

    def __init__(
        self,
        in_channels: int = 576,
        *,
        feat_size: int = 7,
        num_fcs: int = 2,
        fc_out_channels: int = 1024,
        max_iou: float | None = 1.0,
        loss_iou: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            init_cfg=init_cfg
            or dict(
                type='Kaiming',
                layer='Linear',
                override=dict(type='Normal', name='predictor', std=0.01),
            )
        )
        self.max_iou = max_iou
        widths = [in_channels * feat_size**2, *[fc_out_channels] * num_fcs]
        layers: list[nn.Module] = [nn.Flatten()]
        for width, next_width in pairwise(widths):
            layers += [nn.Linear(width, next_width), nn.ReLU(inplace=True)]
        self.hidden = nn.Sequential(*layers)
        self.predictor = nn.Linear(widths[-1], 2)
        self.loss_iou = MODELS.build(loss_iou or dict(type='MSELoss', loss_weight=1.0))

    def forward(self, local_feats: Tensor) -> Tensor:
        """Predict (n, 2), 1 - IoU and IoU, unbounded, from (n, C, s, s)."""
        return self.predictor(self.hidden(local_feats)).float()

    def loss(
        self, predictions: Tensor, bboxes: Tensor, gt_bboxes: Tensor
    ) -> dict[str, Tensor]:
        """Loss of RoIs; zero, but with a gradient path, when there are none.

        Args:
            predictions: (n, 2) as :meth:`forward` returns them.
            bboxes: (n, 4) xyxy of the RoIs, pixels of the network input.
            gt_bboxes: (n, 4) same frame, row i belongs to ``bboxes[i]``.

        Returns:
            ``loss_iou``.
        """
        if len(bboxes) == 0:
            return dict(loss_iou=predictions.sum() * 0)
        targets = self.get_targets(bboxes, gt_bboxes)
        return dict(loss_iou=self.loss_iou(predictions, targets))

    def get_targets(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """What :meth:`forward` should return for boxes (n, 4) and (n, 4): (n, 2)."""
        ious = bbox_overlaps(bboxes, gt_bboxes, is_aligned=True)
        return torch.stack([1 - ious, ious], dim=1)

    def predict_by_feat(self, predictions: Tensor) -> Tensor:
        """IoU (n,) in [0, ``max_iou``] from what :meth:`forward` returns, (n, 2)."""
        return predictions[:, 1].clamp(0, self.max_iou)
