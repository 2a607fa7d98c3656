"""Form of MMDetection's cascade."""

import torch
from mmdet.models.roi_heads import CascadeRoIHead
from torch import Tensor, nn

from .anchors import clipped
from .batch import Batch
from .packing import Detections, Packing, Proposals, packing_of
from .registry import form_of, make_form, unsupported
from .standard_roi_head import Candidates, Features, Selection


@form_of(
    CascadeRoIHead,
    'predict',
    'predict_bbox',
    '_refine_roi',
    '_bbox_forward',
    'predict_mask',
    '_mask_forward',
)
class CascadeRoIHeadForm(nn.Module):
    """Box heads one after the other, each on the boxes of the last."""

    def __init__(self, roi_head: CascadeRoIHead, key: str) -> None:
        super().__init__()
        if roi_head.with_shared_head:
            raise unsupported(f'{key}.shared_head', 'a cascade has no form with it')
        self.with_mask = roi_head.with_mask
        self.heads = roi_head.bbox_head
        self.coders = [head.bbox_coder for head in roi_head.bbox_head]
        self.class_agnostic = [head.reg_class_agnostic for head in roi_head.bbox_head]
        self.extractors = _forms(
            roi_head.bbox_roi_extractor, f'{key}.bbox_roi_extractor'
        )
        self.decoders = _forms(roi_head.bbox_head, f'{key}.bbox_head')
        self.selection = Selection(roi_head.test_cfg, f'{key}.test_cfg')
        if self.with_mask:
            self.masks = CascadeMaskForm(roi_head, key)

    def forward(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Detections:
        """As ``StandardRoIHeadForm``."""
        candidates = self.candidates(feats, proposals, batch)
        if not self.with_mask:
            unscaled = batch.unscale(candidates.bboxes)
            candidates = candidates._replace(bboxes=unscaled)
        return self.selection(candidates)

    def masks_of(
        self, feats: Features, packing: Packing, rows: Detections
    ) -> dict[str, Tensor]:
        """As ``StandardRoIHeadForm``."""
        return self.masks(feats, packing, rows)

    def candidates(
        self, feats: Features, proposals: Proposals, batch: Batch
    ) -> Candidates:
        """Boxes of the last stage; scores of the mean logits."""
        packing = packing_of(proposals.valid)
        bboxes = packing.pack(proposals.bboxes)
        own = batch.of(packing.image_ids)
        outputs: list[tuple[Tensor, Tensor]] = []
        for stage, head in enumerate(self.heads):
            if outputs:
                bboxes = self._refined(stage - 1, *outputs[-1], bboxes, own)
            outputs.append(head(self.extractors[stage](feats, packing.rois(bboxes))))
        mean = sum(logits.float() for logits, _ in outputs) / len(outputs)
        scores, decoded = self.decoders[-1]((mean, outputs[-1][1]), bboxes, own)
        scores = scores * packing.pack(proposals.valid)[:, None]
        return Candidates(packing.unpack(decoded), packing.unpack(scores))

    def _refined(
        self, stage: int, logits: Tensor, deltas: Tensor, bboxes: Tensor, own: Batch
    ) -> Tensor:
        if not self.class_agnostic[stage]:
            labels = logits[:, :-1].argmax(dim=1)
            rows = torch.arange(labels.shape[0], device=labels.device)
            deltas = deltas.unflatten(1, (-1, 4))[rows, labels]
        decoded = self.coders[stage].decode(bboxes, deltas.float())
        return clipped(self.coders[stage], decoded, own)


class CascadeMaskForm(nn.Module):
    """Means of the masks of all stages."""

    outputs = ('masks',)

    def __init__(self, roi_head: CascadeRoIHead, key: str) -> None:
        super().__init__()
        self.heads = roi_head.mask_head
        self.extractors = _forms(
            roi_head.mask_roi_extractor, f'{key}.mask_roi_extractor'
        )
        self.activations = _forms(roi_head.mask_head, f'{key}.mask_head')

    def forward(
        self, feats: Features, packing: Packing, rows: Detections
    ) -> dict[str, Tensor]:
        """Probabilities (n, h, w) of n detections, boxes of the network input."""
        rois = packing.rois(rows.bboxes)
        stages = zip(self.extractors, self.heads, self.activations, strict=True)
        masks = [
            activation(head(extractor(feats, rois)), rows.labels)
            for extractor, head, activation in stages
        ]
        return dict(masks=torch.stack(masks).mean(dim=0))


def _forms(components: nn.ModuleList, key: str) -> nn.ModuleList:
    return nn.ModuleList(
        make_form(component, f'{key}[{stage}]')
        for stage, component in enumerate(components)
    )
