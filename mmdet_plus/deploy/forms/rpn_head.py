"""Form of the region proposal network."""

import torch
from mmdet.models.dense_heads import RPNHead
from torch import Tensor, nn

from .anchors import AnchorForm, clipped, decode, large, rows_of, top_rows
from .batch import Batch
from .packing import Proposals
from .registry import form_of
from .suppression import ABSENT, best_of_groups, read_suppression


@form_of(RPNHead, 'predict', '_predict_by_feat_single', '_bbox_post_process')
class RPNForm(nn.Module):
    """Proposals of feature levels."""

    def __init__(self, head: RPNHead, key: str) -> None:
        super().__init__()
        self.head = head
        self.out_channels = head.cls_out_channels
        self.with_sigmoid = head.use_sigmoid_cls
        self.anchors = AnchorForm(head.prior_generator)
        self.coder = head.bbox_coder
        cfg = head.test_cfg
        self.nms_pre = cfg.get('nms_pre', -1)
        self.max_per_img = cfg.max_per_img
        self.min_size = cfg.get('min_bbox_size', -1)
        self.suppression = read_suppression(cfg.nms, f'{key}.test_cfg.nms')

    def forward(self, feats: tuple[Tensor, ...], batch: Batch) -> Proposals:
        """The best boxes, ``max_per_img`` slots for each image.

        Args:
            feats: levels (B, C, H_i, W_i).
            batch: the images.
        """
        logit_maps, delta_maps = self.head(feats)
        anchors = self.anchors(logit_maps)
        levels = [
            self._level(*own, batch)
            for own in zip(logit_maps, delta_maps, anchors, strict=True)
        ]
        longest = max(scores.shape[1] for _, scores in levels)
        bboxes = torch.stack([_fill(b, longest, 0) for b, _ in levels], dim=1)
        scores = torch.stack([_fill(s, longest, ABSENT) for _, s in levels], dim=1)
        level_ids = torch.arange(len(levels), device=scores.device)
        found = best_of_groups(
            bboxes,
            scores,
            level_ids.view(1, -1, 1).expand_as(scores),
            self.suppression,
            self.max_per_img,
        )
        return Proposals(found.bboxes, found.valid)

    def _level(
        self, logit_map: Tensor, delta_map: Tensor, anchors: Tensor, batch: Batch
    ) -> tuple[Tensor, Tensor]:
        logits = rows_of(logit_map, self.out_channels)
        if self.with_sigmoid:
            scores = logits.sigmoid()[..., 0]
        else:
            scores = logits.softmax(dim=-1)[..., 0]
        deltas = rows_of(delta_map, self.coder.encode_size)
        priors = anchors.expand(scores.shape[0], -1, -1)
        if self.nms_pre > 0:
            scores, _, (deltas, priors) = top_rows(scores, self.nms_pre, deltas, priors)
        bboxes = clipped(self.coder, decode(self.coder, priors, deltas), batch)
        return bboxes, torch.where(large(bboxes, self.min_size), scores, ABSENT)


def _fill(rows: Tensor, count: int, value: float) -> Tensor:
    """(B, N, ...) with further rows up to ``count``."""
    missing = rows.new_full(
        (rows.shape[0], count - rows.shape[1], *rows.shape[2:]), value
    )
    return torch.cat([rows, missing], dim=1)
