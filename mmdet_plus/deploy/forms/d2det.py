"""Forms of D2Det's RoI head and mask head."""

from torch import Tensor, nn

from ...models.roi_heads import D2DetRoIHead
from ...models.roi_heads.mask_heads import D2DetMaskHead
from .batch import Batch
from .packing import Detections, Packing, Proposals, packing_of
from .registry import form_of, make_form
from .standard_roi_head import Features, StandardRoIHeadForm
from .suppression import read_suppression, suppress_again, unscaled


@form_of(
    D2DetRoIHead,
    'predict',
    'predict_bbox',
    '_bbox_forward',
    '_localise',
    '_localised',
    '_reg_forward',
    'predict_mask',
)
class D2DetRoIHeadForm(StandardRoIHeadForm):
    """Classifies proposals, localises what is left, suppresses again."""

    def __init__(self, roi_head: D2DetRoIHead, key: str) -> None:
        super().__init__(roi_head, key)
        self.reg_extractor = make_form(
            roi_head.reg_roi_extractor, f'{key}.reg_roi_extractor'
        )
        self.reg_head = roi_head.reg_head
        self.decode = roi_head.reg_head.predict_by_feat
        self.final = read_suppression(
            roi_head.test_cfg.get('final_nms'), f'{key}.test_cfg.final_nms'
        )

    def build_masks(self, roi_head: D2DetRoIHead, key: str) -> nn.Module:
        return make_form(roi_head.mask_head, f'{key}.mask_head')

    def forward(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Detections:
        found = self.selection(self.candidates(feats, proposals, batch))
        packing = packing_of(found.valid)
        bboxes = packing.pack(found.bboxes)
        localised = self.decode(self.local(feats, packing.rois(bboxes)), bboxes)
        localised = batch.clip(packing.unpack(localised))
        found = found._replace(bboxes=localised)
        if self.final is not None:
            found = suppress_again(found, self.final)
        return found if self.with_mask else unscaled(found, batch)

    def local(self, feats: Features, rois: Tensor) -> tuple:
        """What the localisation head predicts for RoIs (n, 5)."""
        return self.reg_head(self.reg_extractor(feats, rois))

    def masks_of(
        self, feats: Features, packing: Packing, rows: Detections
    ) -> dict[str, Tensor]:
        local_feats = self.local(feats, packing.rois(rows.bboxes))[0]
        return self.masks(local_feats, rows)


@form_of(D2DetMaskHead, 'predict_by_feat')
class D2DetMaskHeadForm(nn.Module):
    """Masks and their scores, from local features."""

    outputs = ('masks', 'mask_scores')

    def __init__(self, head: D2DetMaskHead, key: str) -> None:
        super().__init__()
        self.head = head
        self.weight = head.mask_score_weight

    def forward(self, local_feats: Tensor, rows: Detections) -> dict[str, Tensor]:
        """Probabilities (n, h, w) and mask scores (n,) of n detections."""
        logits, ious = self.head(local_feats, rows.labels)
        return dict(
            masks=logits.sigmoid(), mask_scores=rows.scores + self.weight * ious
        )
