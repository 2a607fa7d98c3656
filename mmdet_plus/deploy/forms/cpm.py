"""Form of CPM R-CNN's RoI head."""

from typing import Any

import torch
from torch import Tensor, nn

from ...models.roi_heads import CPMRoIHead
from ...models.roi_heads.score_fusion import fuse_cascade
from .batch import Batch
from .packing import Detections, Proposals, packing_of
from .registry import form_of, make_form
from .standard_roi_head import Features, StandardRoIHeadForm
from .suppression import read_suppression, suppress_again, unscaled


@form_of(
    CPMRoIHead,
    'predict',
    'predict_bbox',
    '_bbox_forward',
    'candidates',
    '_rate',
    'rank',
    '_localise',
    '_rsm_logits',
)
class CPMRoIHeadForm(StandardRoIHeadForm):
    """Classifies proposals, localises what is left stage by stage, scores again."""

    def __init__(self, roi_head: CPMRoIHead, key: str) -> None:
        super().__init__(roi_head, key)
        cfg: Any = roi_head.test_cfg
        num_stages = roi_head._test_stage(cfg)
        heads: list[Any] = list(roi_head.grid_heads)[:num_stages]
        self.grid_heads = nn.ModuleList(heads)
        self.decoders = [head.predict_by_feat for head in heads]
        self.grid_extractor = make_form(
            roi_head.grid_roi_extractor, f'{key}.grid_roi_extractor'
        )
        self.gamma = cfg.get('gamma', 0.8)
        is_last = num_stages == roi_head.num_stages
        self.iou_head = roi_head.iou_head if is_last else None
        self.rsm_head = roi_head.rsm_head
        self.final = read_suppression(cfg.get('final_nms'), f'{key}.test_cfg.final_nms')

    def forward(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Detections:
        found = self.selection(self.candidates(feats, proposals, batch))
        packing = packing_of(found.valid)
        own, rois = batch.of(packing.image_ids), packing.rois
        bboxes = packing.pack(found.bboxes)
        for head, decode in zip(self.grid_heads, self.decoders, strict=True):
            predictions = head(self.grid_extractor(feats, rois(bboxes)))
            bboxes = own.clip(decode(predictions, bboxes))
        scores = packing.pack(found.scores)
        if self.gamma is not None:
            labels = packing.pack(found.labels)
            rated = self._rated(feats, predictions.local_feats, rois(bboxes), labels)
            scores = fuse_cascade(scores, *rated, self.gamma)
        found = found._replace(
            bboxes=packing.unpack(bboxes), scores=packing.unpack(scores)
        )
        return unscaled(suppress_again(found, self.final), batch)

    def _rated(
        self, feats: Features, local_feats: Tensor, rois: Tensor, labels: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """IoUs and scores of the second classifier, of n boxes; None without."""
        ious = rsm_scores = None
        if self.iou_head is not None:
            # Two steps: the exporter cannot take one clamp with both limits apart.
            ious = self.iou_head(local_feats)[:, 1].clamp(min=0.0).clamp(max=1.0)
        if self.rsm_head is not None:
            probs = self.rsm_head(self.extractor(feats, rois))[0].float().softmax(dim=1)
            rows = torch.arange(labels.shape[0], device=labels.device)
            rsm_scores = probs[rows, labels]
        return ious, rsm_scores
