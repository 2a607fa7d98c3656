"""Form of single-stage detectors."""

from mmdet.models.detectors import SingleStageDetector
from torch import Tensor, nn

from .batch import Batch
from .detector import DetectorForm, present
from .packing import Detections
from .registry import form_of, make_form


@form_of(SingleStageDetector, 'predict', 'extract_feat')
class SingleStageForm(DetectorForm):
    """Backbone, neck, head."""

    def __init__(self, detector: SingleStageDetector, key: str = 'model') -> None:
        super().__init__(detector, key)
        self.backbone = detector.backbone
        self.neck = detector.neck if detector.with_neck else nn.Identity()
        self.head = make_form(detector.bbox_head, f'{key}.bbox_head')

    def find(self, batch: Batch) -> Detections:
        """Detections, in pixels of the original images."""
        return self.head(self.neck(self.backbone(batch.images)), batch)

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        return present(self.find(batch))
