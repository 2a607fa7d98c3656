"""Form of two-stage detectors."""

from mmdet.models.detectors import TwoStageDetector
from torch import Tensor, nn

from .batch import Batch
from .detector import DetectorForm, present, with_masks
from .registry import form_of, make_form


@form_of(TwoStageDetector, 'predict', 'extract_feat')
class TwoStageForm(DetectorForm):
    """Backbone, neck, proposals, RoI head, masks."""

    def __init__(self, detector: TwoStageDetector, key: str = 'model') -> None:
        super().__init__(detector, key)
        self.backbone = detector.backbone
        self.neck = detector.neck if detector.with_neck else nn.Identity()
        self.rpn = make_form(detector.rpn_head, f'{key}.rpn_head')
        self.roi_head = make_form(detector.roi_head, f'{key}.roi_head')
        if detector.with_mask:
            self.mask_outputs = self.roi_head.masks.outputs

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        feats = self.neck(self.backbone(batch.images))
        found = self.roi_head(feats, self.rpn(feats, batch), batch)
        if not self.mask_outputs:
            return present(found)
        return with_masks(self.roi_head.masks, feats, found, batch)
