"""Forms of RefineDet: anchor refinement, object detection, and the whole."""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from ...models.dense_heads import AnchorRefinementHead, ObjectDetectionHead
from ...models.dense_heads.anchor_refinement_head import not_surely_background
from ...models.detectors import RefineDet
from .anchor_head import AnchorHeadForm
from .anchors import AnchorForm, decode, rows_of
from .batch import Batch
from .detector import DetectorForm, present
from .packing import Detections
from .registry import form_of, make_form
from .suppression import ABSENT, read_suppression, suppress_again


class RefinedAnchors(NamedTuple):
    """What anchor refinement hands to object detection."""

    kept: Tensor
    """(B, N) bool, which anchors take part."""
    priors: Tensor
    """(B, N, 4) xyxy, not clipped."""


@form_of(AnchorRefinementHead, 'predict', 'predict_by_feat', '_decode')
class AnchorRefinementForm(nn.Module):
    """Filters and moves all anchors."""

    def __init__(self, head: AnchorRefinementHead, key: str) -> None:
        super().__init__()
        self.head = head
        self.anchors = AnchorForm(head.prior_generator)
        self.coder = head.bbox_coder
        self.threshold = head.negative_threshold
        self.refine = head.refine

    def forward(self, feats: tuple[Tensor, ...]) -> RefinedAnchors:
        """Refine the anchors of levels (B, C, H_i, W_i)."""
        logit_maps, delta_maps = self.head(feats)
        logits = torch.cat([rows_of(level, 2) for level in logit_maps], dim=1)
        deltas = torch.cat([rows_of(level, 4) for level in delta_maps], dim=1)
        anchors = torch.cat(self.anchors(logit_maps))
        priors = anchors.expand(logits.shape[0], -1, -1)
        if self.refine:
            priors = decode(self.coder, priors, deltas)
        return RefinedAnchors(not_surely_background(logits, self.threshold), priors)


@form_of(ObjectDetectionHead, 'predict', 'predict_by_feat', '_detect')
class ObjectDetectionForm(AnchorHeadForm):
    """Detections from refined anchors, or from the anchors as they are."""

    def __init__(self, head: ObjectDetectionHead, key: str) -> None:
        nn.Module.__init__(self)
        self.head = head
        self.anchors = AnchorForm(head.prior_generator)
        self.coder = head.bbox_coder
        self.num_classes = head.num_classes
        self.with_sigmoid = False
        self.read_test_cfg(head.test_cfg, key)
        self.final = read_suppression(
            head.test_cfg.get('final_nms'), f'{key}.test_cfg.final_nms'
        )

    def forward(
        self,
        feats: tuple[Tensor, ...],
        batch: Batch,
        refined: RefinedAnchors | None = None,
    ) -> Detections:
        logit_maps, delta_maps = self.head(feats)
        size = self.num_classes + 1
        logits = torch.cat([rows_of(level, size) for level in logit_maps], dim=1)
        deltas = torch.cat([rows_of(level, 4) for level in delta_maps], dim=1)
        scores = self.scores_of(logits)
        if refined is None:
            anchors = torch.cat(self.anchors(logit_maps))
            priors = anchors.expand(logits.shape[0], -1, -1)
        else:
            priors = refined.priors
            scores = torch.where(refined.kept[..., None], scores, ABSENT)
        found = self.select(*self.candidates(scores, deltas, priors), batch)
        return found if self.final is None else suppress_again(found, self.final)


@form_of(RefineDet, 'predict')
class RefineDetForm(DetectorForm):
    """Backbone, anchor refinement, transfer connections, object detection."""

    def __init__(self, detector: RefineDet, key: str = 'model') -> None:
        super().__init__(detector, key)
        self.backbone = detector.backbone
        self.neck = detector.neck
        self.arm_head = make_form(detector.arm_head, f'{key}.arm_head')
        self.head = make_form(detector.bbox_head, f'{key}.bbox_head')

    def find(self, batch: Batch) -> Detections:
        feats = self.backbone(batch.images)
        return self.head(self.neck(feats), batch, self.arm_head(feats))

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        return present(self.find(batch))
