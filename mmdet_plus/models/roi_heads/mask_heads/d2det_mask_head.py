"""Mask branch and mask scoring of D2Det."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.cnn import ConvModule
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmdet.structures.mask import BaseInstanceMasks
from mmdet.utils import ConfigType
from torch import Tensor, nn
from torch.nn import functional as F

from .mask_targets import bitmaps_of, crop_masks, mask_ious

MASK_THRESHOLD = 0.5  # on sigmoid(mask logit), for the target of the mask score


@MODELS.register_module()
class D2DetMaskHead(FCNMaskHead):
    """Masks and their scores from the local features of dense local regression.

    Instance segmentation of D2Det (CVPR 2020), sec. 3.3: two deconvolutions bring the
    k x k local features to 4k x 4k, two fully connected layers rate the mask by the IoU
    it is expected to have.

    Differs from the paper, after the released models: masks are predicted by an output
    of their own for every class, not by the binary overlap; the score of a mask is its
    class score plus ``mask_score_weight`` times the predicted mask IoU.

    Args:
        in_channels: channels C of the local features.
        feat_size: their side k.
        conv_out_channels: channels of both deconvolutions.
        norm_cfg: normalisation after the first one.
        fc_out_channels: width of the two layers that rate masks.
        mask_score_weight: see above.
        min_scored_iou: only masks above this IoU train the mask score.
        upsample_bias: whether the first deconvolution has a bias before its norm, as
            in the released models.
        score_pool_padding: of the max-pooling of the masks that are rated; the
            released models have 1, which moves its windows by a pixel.
        loss_mask: loss of the mask logits of the ground truth class.
        loss_mask_iou: loss of the predicted mask IoU.
        kwargs: what ``FCNMaskHead`` takes besides, such as ``num_classes``.
    """

    def __init__(
        self,
        in_channels: int = 576,
        *,
        feat_size: int = 7,
        conv_out_channels: int = 256,
        norm_cfg: ConfigType | None = None,
        fc_out_channels: int = 1024,
        mask_score_weight: float = 0.3,
        min_scored_iou: float = 0.1,
        upsample_bias: bool = False,
        score_pool_padding: int = 0,
        loss_mask_iou: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            num_convs=0,
            roi_feat_size=feat_size,
            in_channels=conv_out_channels,
            conv_out_channels=conv_out_channels,
            **kwargs,
        )
        self.mask_score_weight = mask_score_weight
        self.min_scored_iou = min_scored_iou
        self.score_pool_padding = score_pool_padding
        self.mask_size = 4 * feat_size
        self.first_upsample = ConvModule(
            in_channels,
            conv_out_channels,
            2,
            stride=2,
            bias=upsample_bias or 'auto',
            conv_cfg=dict(type='deconv'),
            norm_cfg=norm_cfg or dict(type='GN', num_groups=16),
        )
        num_outputs = 1 if self.class_agnostic else self.num_classes
        self.conv_logits = nn.Conv2d(conv_out_channels, num_outputs, 3, padding=1)
        self.mask_scorer = nn.Sequential(
            nn.Linear((in_channels + 1) * feat_size**2, fc_out_channels),
            nn.ReLU(inplace=True),
            nn.Linear(fc_out_channels, fc_out_channels),
            nn.ReLU(inplace=True),
            nn.Linear(fc_out_channels, num_outputs),
        )
        self.loss_mask_iou = MODELS.build(
            loss_mask_iou or dict(type='MSELoss', loss_weight=0.5)
        )

    def forward(self, local_feats: Tensor) -> Tensor:
        """Map local features (n, C, k, k) to mask logits (n, num_classes, 4k, 4k)."""
        return super().forward(self.first_upsample(local_feats)).float()

    def score_masks(
        self, local_feats: Tensor, mask_logits: Tensor, labels: Tensor
    ) -> Tensor:
        """Predict the IoU of masks with their objects; no gradient to the masks.

        Args:
            local_feats: (n, C, k, k).
            mask_logits: (n, num_classes, 4k, 4k) as :meth:`forward` returns them.
            labels: (n,) class of each mask.

        Returns:
            (n,), in [0, 1] by training only.
        """
        # Sec. 3.3 does not say; as released, the score does not train the masks.
        masks = self._of_class(mask_logits, labels).detach().sigmoid()
        masks = F.max_pool2d(masks[:, None], 4, padding=self.score_pool_padding)
        masks = masks.to(local_feats.dtype)
        scores = self.mask_scorer(torch.cat([local_feats, masks], dim=1).flatten(1))
        return self._of_class(scores, labels).float()

    def loss(
        self,
        local_feats: Tensor,
        bboxes: Tensor,
        labels: Tensor,
        mask_targets: tuple[Tensor, Tensor],
    ) -> dict[str, Tensor]:
        """Losses of positive RoIs; zero, but with a gradient path, when there are none.

        Args:
            local_feats: (n, C, k, k).
            bboxes: (n, 4) xyxy of the features.
            labels: (n,) ground truth classes.
            mask_targets: masks and areas of :meth:`get_targets`.

        Returns:
            ``loss_mask`` and ``loss_mask_iou``.
        """
        mask_logits = self(local_feats)
        mask_scores = self.score_masks(local_feats, mask_logits, labels)
        if len(bboxes) == 0:
            return dict(
                loss_mask=mask_logits.sum() * 0, loss_mask_iou=mask_scores.sum() * 0
            )
        target_masks, areas = mask_targets
        channels = torch.zeros_like(labels) if self.class_agnostic else labels
        loss_mask = self.loss_mask(mask_logits, target_masks.float(), channels)
        pred_masks = self._of_class(mask_logits, labels).sigmoid() > MASK_THRESHOLD
        ious = mask_ious(pred_masks, target_masks, bboxes, areas)
        scored = (ious > self.min_scored_iou).float()
        loss_mask_iou = self.loss_mask_iou(
            mask_scores, ious, weight=scored, avg_factor=scored.sum().clamp(min=1)
        )
        return dict(loss_mask=loss_mask.sum(), loss_mask_iou=loss_mask_iou)

    def get_targets(
        self,
        bboxes: Sequence[Tensor],
        gt_indices: Sequence[Tensor],
        gt_masks: Sequence[BaseInstanceMasks],
    ) -> tuple[Tensor, Tensor]:
        """What the RoIs see of their instances, and the areas of the whole instances.

        Args:
            bboxes: (n_i, 4) xyxy RoIs of each image.
            gt_indices: (n_i,) the instance each RoI belongs to.
            gt_masks: instances of each image.

        Returns:
            (n, 4k, 4k) bool and (n,) pixels, over all images.
        """
        masks, areas = [], []
        for boxes, indices, instances in zip(bboxes, gt_indices, gt_masks, strict=True):
            # Crowded images have many instances that no RoI looks at.
            seen, rows = indices.unique(return_inverse=True)
            bitmaps = bitmaps_of(instances[seen.cpu().numpy()], boxes.device)
            masks.append(crop_masks(bitmaps, boxes, rows, self.mask_size))
            areas.append(bitmaps.sum(dim=(1, 2))[rows])
        return torch.cat(masks), torch.cat(areas)

    def overlap_targets(self, target_masks: Tensor) -> Tensor:
        """Masks (n, 4k, 4k) on the grid (n, k, k) of dense local regression.

        A cell is inside where the bilinear interpolation at its centre exceeds half;
        that replaces the rule of Eq. 3 (sec. 3.3).
        """
        if len(target_masks) == 0:
            return target_masks[:, ::4, ::4]
        small = F.interpolate(
            target_masks[:, None].float(),
            scale_factor=0.25,
            mode='bilinear',
            align_corners=False,
        )
        return small[:, 0] > 0.5

    def _of_class(self, predictions: Tensor, labels: Tensor) -> Tensor:
        if self.class_agnostic:
            return predictions[:, 0]
        return predictions[torch.arange(len(labels), device=labels.device), labels]

    def init_weights(self) -> None:
        """Initialise as ``FCNMaskHead`` does, the first deconvolution likewise."""
        super().init_weights()
        nn.init.kaiming_normal_(
            self.first_upsample.conv.weight, mode='fan_out', nonlinearity='relu'
        )
