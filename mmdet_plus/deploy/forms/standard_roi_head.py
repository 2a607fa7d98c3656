"""Forms of MMDetection's RoI head, box head and mask head."""

from typing import Any, NamedTuple

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.roi_heads.mask_heads import FCNMaskHead
from torch import Tensor, nn

from .anchors import clipped
from .batch import Batch
from .packing import Detections, Packing, Proposals, packing_of
from .registry import form_of, make_form, unsupported
from .suppression import best_per_class, read_suppression

Features = tuple[Tensor, ...]


class Candidates(NamedTuple):
    """Decoded boxes of B images before suppression."""

    bboxes: Tensor
    """(B, P, 4), or (B, P, C, 4) with a box for each class, xyxy, clipped."""
    scores: Tensor
    """(B, P, C + 1), the background last; zero in empty slots."""


class Selection(nn.Module):
    """The end of an RoI head: threshold, suppression, number of detections."""

    def __init__(self, test_cfg: Any, key: str) -> None:
        super().__init__()
        self.score_thr = test_cfg.score_thr
        self.suppression = read_suppression(test_cfg.nms, f'{key}.nms')
        self.max_per_img = test_cfg.max_per_img

    def forward(self, candidates: Candidates) -> Detections:
        """Detections of candidates, in their frame."""
        return best_per_class(
            candidates.bboxes,
            candidates.scores[..., :-1],
            self.score_thr,
            self.suppression,
            self.max_per_img,
        )


@form_of(BBoxHead, 'predict_by_feat', '_predict_by_feat_single')
class BBoxHeadForm(nn.Module):
    """Scores and boxes of RoIs from the outputs of a box head."""

    def __init__(self, head: BBoxHead, key: str) -> None:
        super().__init__()
        if head.custom_cls_channels:
            raise unsupported(f'{key}.loss_cls', 'it has an activation of its own')
        self.coder = head.bbox_coder
        self.with_reg = head.with_reg

    def forward(
        self, outputs: tuple, bboxes: Tensor, batch: Batch
    ) -> tuple[Tensor, Tensor]:
        """Decode.

        Args:
            outputs: of the head, for n RoIs.
            bboxes: (n, 4) xyxy of the RoIs.
            batch: the image of each RoI.

        Returns:
            Scores (n, C + 1); boxes (n, 4), or (n, C, 4), clipped.
        """
        logits, deltas = outputs
        scores = logits.float().softmax(dim=-1)
        if not self.with_reg:
            return scores, batch.clip(bboxes)
        decoded = decode_per_class(self.coder, bboxes, deltas.float())
        return scores, clipped(self.coder, decoded, batch)


def decode_per_class(coder: Any, bboxes: Tensor, deltas: Tensor) -> Tensor:
    """Boxes (n, 4), or (n, C, 4), of deltas (n, 4) or (n, C * 4); not clipped."""
    num_boxes = deltas.shape[1] // 4
    if num_boxes == 1:
        return coder.decode(bboxes, deltas)
    repeated = bboxes.repeat_interleave(num_boxes, dim=0)
    return coder.decode(repeated, deltas.reshape(-1, 4)).view(-1, num_boxes, 4)


@form_of(StandardRoIHead, 'predict', 'predict_bbox', '_bbox_forward', 'predict_mask')
class StandardRoIHeadForm(nn.Module):
    """Classifies and localises all proposals, then suppresses duplicates."""

    def __init__(self, roi_head: StandardRoIHead, key: str) -> None:
        super().__init__()
        self.with_mask = roi_head.with_mask
        self.extractor = make_form(
            roi_head.bbox_roi_extractor, f'{key}.bbox_roi_extractor'
        )
        self.shared_head = roi_head.shared_head if roi_head.with_shared_head else None
        self.head = roi_head.bbox_head
        self.decoder = make_form(roi_head.bbox_head, f'{key}.bbox_head')
        self.selection = Selection(roi_head.test_cfg, f'{key}.test_cfg')
        if self.with_mask:
            self.masks = self.build_masks(roi_head, key)

    def build_masks(self, roi_head: Any, key: str) -> nn.Module:
        """The form of the mask branch."""
        return MaskForm(roi_head, key)

    def masks_of(
        self, feats: Features, packing: Packing, rows: Detections
    ) -> dict[str, Tensor]:
        """Outputs for masks of n detections, with boxes of the network input."""
        return self.masks(feats, packing, rows)

    def forward(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Detections:
        """Detections, in pixels of the original image if there are no masks.

        Args:
            feats: levels (B, C, H_i, W_i).
            proposals: boxes of the network input.
            batch: the images.
        """
        candidates = self.candidates(feats, proposals, batch)
        if not self.with_mask:
            unscaled = batch.unscale(candidates.bboxes)
            candidates = candidates._replace(bboxes=unscaled)
        return self.selection(candidates)

    def candidates(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Candidates:
        """Boxes and scores of all classes, of the network input."""
        packing = packing_of(proposals.valid)
        bboxes = packing.pack(proposals.bboxes)
        outputs = self.outputs(feats, packing.rois(bboxes))
        scores, decoded = self.decoder(outputs, bboxes, batch.of(packing.image_ids))
        # The box of a batch without proposals is one of the empty slots.
        scores = scores * packing.pack(proposals.valid)[:, None]
        return Candidates(packing.unpack(decoded), packing.unpack(scores))

    def outputs(self, feats: Features, rois: Tensor) -> tuple:
        """What the box head predicts for RoIs (n, 5)."""
        return self.head(self.roi_feats(feats, rois))

    def roi_feats(
        self, feats: Features, rois: Tensor, scale_factor: float = 1.0
    ) -> Tensor:
        """Features (n, C, k, k) of RoIs (n, 5), enlarged about their centres."""
        pooled = self.extractor(
            feats, rois, None if scale_factor == 1 else scale_factor
        )
        return pooled if self.shared_head is None else self.shared_head(pooled)


class MaskForm(nn.Module):
    """Masks of detections."""

    outputs = ('masks',)

    def __init__(self, roi_head: StandardRoIHead, key: str) -> None:
        super().__init__()
        if roi_head.share_roi_extractor:
            raise unsupported(f'{key}.mask_roi_extractor', 'it is shared')
        self.extractor = make_form(
            roi_head.mask_roi_extractor, f'{key}.mask_roi_extractor'
        )
        self.head = roi_head.mask_head
        self.activation = make_form(roi_head.mask_head, f'{key}.mask_head')

    def forward(
        self, feats: Features, packing: Packing, rows: Detections
    ) -> dict[str, Tensor]:
        """Probabilities (n, h, w) of n detections, boxes of the network input."""
        logits = self.head(self.extractor(feats, packing.rois(rows.bboxes)))
        return dict(masks=self.activation(logits, rows.labels))


@form_of(FCNMaskHead, 'predict_by_feat', '_predict_by_feat_single')
class FCNMaskHeadForm(nn.Module):
    """Probabilities of the masks of the detected classes."""

    def __init__(self, head: FCNMaskHead, key: str) -> None:
        super().__init__()
        self.class_agnostic = head.class_agnostic

    def forward(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n, h, w) of logits (n, C, h, w) and labels (n,)."""
        return self.of_class(logits.float(), labels).sigmoid()

    def of_class(self, predictions: Tensor, labels: Tensor) -> Tensor:
        """(n, ...) of predictions (n, C, ...) of all classes."""
        if self.class_agnostic:
            return predictions[:, 0]
        rows = torch.arange(labels.shape[0], device=labels.device)
        return predictions[rows, labels]
