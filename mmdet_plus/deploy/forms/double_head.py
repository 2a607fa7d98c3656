"""Forms of Double-Head and Double-Head-Ext."""

from typing import Any

from mmdet.models.roi_heads import DoubleHeadRoIHead
from torch import Tensor, nn

from ...models.roi_heads import DoubleHeadExtRoIHead, SeparateExtractorRoIHead
from ...models.roi_heads.bbox_heads import DoubleHeadExtBBoxHead
from .anchors import clipped
from .batch import Batch
from .registry import form_of, make_form
from .standard_roi_head import Features, StandardRoIHeadForm, decode_per_class


@form_of(DoubleHeadExtBBoxHead, 'predict_by_feat')
class DoubleHeadExtBBoxHeadForm(nn.Module):
    """Fused scores, and boxes of the head that localises."""

    def __init__(self, head: DoubleHeadExtBBoxHead, key: str) -> None:
        super().__init__()
        self.coder = head.bbox_coder
        self.class_scores = head.class_scores
        self.box_deltas = head.box_deltas

    def forward(
        self, outputs: Any, bboxes: Tensor, batch: Batch
    ) -> tuple[Tensor, Tensor]:
        """As ``BBoxHeadForm``, of the outputs of both heads."""
        decoded = decode_per_class(self.coder, bboxes, self.box_deltas(outputs))
        return self.class_scores(outputs), clipped(self.coder, decoded, batch)


@form_of(DoubleHeadExtRoIHead, 'predict', 'predict_bbox', '_bbox_forward', 'roi_feats')
class DoubleHeadExtRoIHeadForm(StandardRoIHeadForm):
    """RoIs for the fc-head, and larger ones for the conv-head."""

    def __init__(self, roi_head: DoubleHeadExtRoIHead, key: str) -> None:
        super().__init__(roi_head, key)
        self.scale_factor = roi_head.reg_roi_scale_factor
        self.with_fc_head = roi_head.bbox_head.with_fc_head
        self.with_conv_head = roi_head.bbox_head.with_conv_head

    def outputs(self, feats: Features, rois: Tensor) -> tuple:
        fc_feats = conv_feats = None
        if self.with_fc_head:
            fc_feats = self.roi_feats(feats, rois)
        if self.with_conv_head:
            conv_feats = fc_feats
            if self.scale_factor != 1 or fc_feats is None:
                conv_feats = self.roi_feats(feats, rois, self.scale_factor)
        return self.head(fc_feats, conv_feats)


@form_of(DoubleHeadRoIHead, 'predict', 'predict_bbox', '_bbox_forward')
class DoubleHeadRoIHeadForm(StandardRoIHeadForm):
    """MMDetection's Double-Head."""

    def __init__(self, roi_head: DoubleHeadRoIHead, key: str) -> None:
        super().__init__(roi_head, key)
        self.scale_factor = roi_head.reg_roi_scale_factor

    def outputs(self, feats: Features, rois: Tensor) -> tuple:
        cls_feats = self.roi_feats(feats, rois)
        return self.head(cls_feats, self.roi_feats(feats, rois, self.scale_factor))


@form_of(SeparateExtractorRoIHead, 'predict', 'predict_bbox', '_bbox_forward')
class SeparateExtractorRoIHeadForm(StandardRoIHeadForm):
    """Classes and boxes from features of two extractors."""

    def __init__(self, roi_head: SeparateExtractorRoIHead, key: str) -> None:
        super().__init__(roi_head, key)
        self.reg_extractor = make_form(
            roi_head.reg_roi_extractor, f'{key}.reg_roi_extractor'
        )

    def outputs(self, feats: Features, rois: Tensor) -> tuple:
        scores, _ = self.head(self.extractor(feats, rois))
        _, deltas = self.head(self.reg_extractor(feats, rois))
        return scores, deltas
