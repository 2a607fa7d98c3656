"""Form of two-stage detectors."""

from mmdet.models.detectors import TwoStageDetector
from torch import Tensor, nn

from .batch import Batch
from .detector import DetectorForm, present, with_masks
from .packing import Detections
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

    def find(self, batch: Batch) -> Detections:
        """Detections, in pixels of the original images, of a detector of boxes."""
        return self._find(self._feats(batch), batch)

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        feats = self._feats(batch)
        found = self._find(feats, batch)
        if not self.mask_outputs:
            return present(found)
        return with_masks(self.roi_head.masks_of, feats, found, batch)

    def _feats(self, batch: Batch) -> tuple[Tensor, ...]:
        return self.neck(self.backbone(batch.images))

    def _find(self, feats: tuple[Tensor, ...], batch: Batch) -> Detections:
        return self.roi_head(feats, self.rpn(feats, batch), batch)
