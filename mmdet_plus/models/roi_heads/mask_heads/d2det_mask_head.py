"""Mask branch and mask scoring of D2Det."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmcv.cnn import ConvModule
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from mmdet.registry import MODELS
from mmdet.structures.mask import BaseInstanceMasks
from mmdet.utils import ConfigType, InstanceList
from torch import Tensor, nn
from torch.nn import functional as F

from .mask_targets import bitmaps_of, crop_masks, mask_ious

MASK_THRESHOLD = 0.5  # on sigmoid(mask logit), for the target of the mask score


class MaskPredictions(NamedTuple):
    """What the mask branch predicts of n RoIs, each for one class."""

    mask_logits: Tensor
    """(n, 4k, 4k)."""
    ious: Tensor
    """(n,) IoU of the mask with its object, in [0, 1] by training only."""


def convolve_to_channel(feats: Tensor, conv: nn.Conv2d, channels: Tensor) -> Tensor:
    """One output channel of a convolution, for each row another, and no others.

    Args:
        feats: (n, C, h, w).
        conv: with odd kernel, bias, and an output of (h, w); no dilation or groups.
        channels: (n,) output channel of each row.

    Returns:
        (n, h, w).
    """
    # Each tap of the kernel sees the whole map, then the maps of the taps are shifted
    # and added.
    assert conv.bias is not None
    kernels = conv.weight[channels].flip(2, 3).flatten(2)
    taps = kernels.transpose(1, 2) @ feats.flatten(2)
    padding = tuple(size // 2 for size in conv.kernel_size)
    summed = F.fold(taps, feats.shape[2:], conv.kernel_size, padding=padding)
    return summed[:, 0] + conv.bias[channels][:, None, None]


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

    # Layers with one output per class, besides those that ``FCNMaskHead`` has.
    mask_class_layers = ('mask_scorer.4',)

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

    def forward(self, local_feats: Tensor, labels: Tensor) -> MaskPredictions:
        """Predict the mask of one class for each RoI, and how good it is.

        Args:
            local_feats: (n, C, k, k).
            labels: (n,) in [0, num_classes).
        """
        channels = torch.zeros_like(labels) if self.class_agnostic else labels
        feats = self.upsample(self.first_upsample(local_feats))
        if self.upsample_method == 'deconv':
            feats = self.relu(feats)
        mask_logits = convolve_to_channel(feats, self.conv_logits, channels).float()
        # Sec. 3.3 does not say; as released, the score does not train the masks.
        probs = mask_logits.detach().sigmoid()[:, None]
        masks = F.max_pool2d(probs, 4, padding=self.score_pool_padding)
        inputs = torch.cat([local_feats, masks.to(local_feats.dtype)], dim=1)
        ious = self.mask_scorer(inputs.flatten(1)).gather(1, channels[:, None])
        return MaskPredictions(mask_logits, ious.squeeze(1).float())

    def loss(
        self,
        predictions: MaskPredictions,
        bboxes: Tensor,
        mask_targets: tuple[Tensor, Tensor],
    ) -> dict[str, Tensor]:
        """Losses of positive RoIs; zero, but with a gradient path, when there are none.

        Args:
            predictions: as :meth:`forward` returns them, for the ground truth classes.
            bboxes: (n, 4) xyxy of the features.
            mask_targets: masks and areas of :meth:`get_targets`.

        Returns:
            ``loss_mask`` and ``loss_mask_iou``.
        """
        mask_logits, pred_ious = predictions
        if len(bboxes) == 0:
            return dict(
                loss_mask=mask_logits.sum() * 0, loss_mask_iou=pred_ious.sum() * 0
            )
        target_masks, areas = mask_targets
        first = bboxes.new_zeros(len(bboxes), dtype=torch.long)
        loss_mask = self.loss_mask(mask_logits[:, None], target_masks.float(), first)
        pred_masks = mask_logits.sigmoid() > MASK_THRESHOLD
        ious = mask_ious(pred_masks, target_masks, bboxes, areas)
        scored = (ious > self.min_scored_iou).float()
        loss_mask_iou = self.loss_mask_iou(
            pred_ious, ious, weight=scored, avg_factor=scored.sum().clamp(min=1)
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

    def predict_by_feat(
        self,
        predictions: MaskPredictions,
        results_list: InstanceList,
        batch_img_metas: list[dict],
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Paste masks into their images, and rate them (sec. 3.3).

        Args:
            predictions: as :meth:`forward` returns them, for all detections.
            results_list: detections of each image, not rescaled.
            batch_img_metas: with ``ori_shape`` and ``scale_factor``.
            rcnn_test_cfg: with ``mask_thr_binary``.
            rescale: whether boxes and masks return in the size of the original image.

        Returns:
            The detections with ``masks`` (k, h, w) bool and ``mask_scores`` (k,).
        """
        counts = [len(result) for result in results_list]
        results = super().predict_by_feat(
            predictions.mask_logits[:, None].split(counts),
            results_list,
            batch_img_metas,
            rcnn_test_cfg,
            rescale=rescale,
        )
        ious = predictions.ious.split(counts)
        for result, own in zip(results, ious, strict=True):
            result.mask_scores = result.scores + self.mask_score_weight * own
        return results

    def _predict_by_feat_single(
        self, mask_preds: Tensor, bboxes: Tensor, labels: Tensor, **kwargs: Any
    ) -> Tensor:
        # The parent picks the mask of the class; here it is the only one.
        first = torch.zeros_like(labels)
        return super()._predict_by_feat_single(mask_preds, bboxes, first, **kwargs)

    def init_weights(self) -> None:
        """Initialise as ``FCNMaskHead`` does, the first deconvolution likewise."""
        super().init_weights()
        nn.init.kaiming_normal_(
            self.first_upsample.conv.weight, mode='fan_out', nonlinearity='relu'
        )
