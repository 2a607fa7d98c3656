"""Forms of detectors with a refiner: DCR V1 and V2."""

from typing import Any

from torch import Tensor, nn

from ...models.detectors import FrozenBaseDCR, SharedBaseDCR
from ...models.roi_heads import DCRRoIHead
from ...models.roi_heads.refiners.candidates import CandidatesBeforeNMS
from .batch import Batch
from .detector import DetectorForm, present, with_masks
from .packing import Detections, Proposals
from .refiners import in_order
from .registry import form_of, make_form, unsupported
from .standard_roi_head import Features, Selection


@form_of(DCRRoIHead, 'predict')
class DCRRoIHeadForm(nn.Module):
    """An RoI head whose boxes are scored a second time."""

    def __init__(self, roi_head: DCRRoIHead, key: str) -> None:
        super().__init__()
        self.base = make_form(roi_head.base, f'{key}.roi_head')
        self.refiner = make_form(roi_head.refiner, f'{key}.refiner')
        self.with_mask = roi_head.with_mask
        self.before_nms = isinstance(roi_head.candidates, CandidatesBeforeNMS)
        if self.before_nms:
            self.selection = Selection(roi_head.test_cfg, f'{key}.test_cfg.rcnn')

    def forward(
        self, feats: Features, stages: Features, proposals: Proposals, batch: Batch
    ) -> Detections:
        """Detections, in pixels of the original image if there are no masks.

        Args:
            feats: levels of the neck.
            stages: outputs of the backbone.
            proposals: boxes of the network input.
            batch: the images.
        """
        if not self.before_nms:
            found = self.base(feats, proposals, batch)
            return refined_after_nms(
                self.refiner, found, batch, stages, rescaled=not self.with_mask
            )
        found = self.base.candidates(feats, proposals, batch)
        found = self.refiner.candidates(found, proposals.valid, batch, stages)
        if not self.with_mask:
            found = found._replace(bboxes=batch.unscale(found.bboxes))
        return self.selection(found)


def refined_after_nms(
    refiner: nn.Module,
    found: Detections,
    batch: Batch,
    stages: Features,
    *,
    rescaled: bool,
) -> Detections:
    """Detections with refined scores; ``rescaled`` if in pixels of the original."""
    bboxes = batch.rescale(found.bboxes) if rescaled else found.bboxes
    refine: Any = refiner
    found, moved = refine.detections(found, bboxes, batch, stages)
    if refine.fc_reg is not None:
        found = found._replace(bboxes=batch.unscale(moved) if rescaled else moved)
    return in_order(found)


@form_of(SharedBaseDCR, 'predict', '_features', '_proposals')
class SharedBaseDCRForm(DetectorForm):
    """DCR V2: the refiner reads stages of the detector's backbone."""

    def __init__(self, detector: SharedBaseDCR, key: str = 'model') -> None:
        super().__init__(detector, key)
        self.backbone = detector.backbone
        self.neck = detector.neck if detector.with_neck else nn.Identity()
        self.rpn = make_form(detector.rpn_head, f'{key}.rpn_head')
        self.roi_head = make_form(detector.roi_head, key)
        if detector.with_mask:
            self.mask_outputs = self.roi_head.base.masks.outputs

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        stages = self.backbone(batch.images)
        feats = self.neck(stages)
        found = self.roi_head(feats, stages, self.rpn(feats, batch), batch)
        if not self.mask_outputs:
            return present(found)
        return with_masks(self.roi_head.base.masks_of, feats, found, batch)


@form_of(FrozenBaseDCR, 'predict', '_detect')
class FrozenBaseDCRForm(DetectorForm):
    """DCR V1: the refiner reads crops of the image."""

    def __init__(self, model: FrozenBaseDCR, key: str = 'model') -> None:
        super().__init__(model, key)
        detector: Any = model.detector
        # The whole detector's preprocessing is unused: this model has prepared images.
        detector.data_preprocessor = model.data_preprocessor
        self.detector = make_form(detector, f'{key}.detector')
        if self.detector.mask_outputs:
            raise unsupported(f'{key}.detector', 'detectors with masks have no form')
        self.refiner = make_form(model.refiner, f'{key}.refiner')
        self.before_nms = isinstance(model.candidates, CandidatesBeforeNMS)
        if self.before_nms:
            self.selection = Selection(model.test_cfg, f'{key}.test_cfg')

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        if not self.before_nms:
            found = self.detector.find(batch)
            return present(
                refined_after_nms(self.refiner, found, batch, (), rescaled=True)
            )
        inner = self.detector
        feats = inner.neck(inner.backbone(batch.images))
        proposals = inner.rpn(feats, batch)
        found = inner.roi_head.candidates(feats, proposals, batch)
        found = self.refiner.candidates(found, proposals.valid, batch, ())
        return present(
            self.selection(found._replace(bboxes=batch.unscale(found.bboxes)))
        )
