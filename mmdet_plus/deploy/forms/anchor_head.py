"""Form of heads that predict from tiled anchors, such as SSD's."""

from typing import Any

import torch
from mmdet.models.dense_heads import AnchorHead
from torch import Tensor, nn

from .anchors import AnchorForm, clipped, decode, large, rows_of, top_rows
from .batch import Batch
from .packing import Detections
from .registry import form_of, unsupported
from .suppression import ABSENT, best_of_groups, read_suppression


@form_of(
    AnchorHead,
    'predict',
    'predict_by_feat',
    '_predict_by_feat_single',
    '_bbox_post_process',
)
class AnchorHeadForm(nn.Module):
    """Detections from feature levels."""

    def __init__(self, head: AnchorHead, key: str) -> None:
        super().__init__()
        if getattr(head.loss_cls, 'custom_cls_channels', False):
            raise unsupported(f'{key}.loss_cls', 'it has an activation of its own')
        self.head = head
        self.out_channels = head.cls_out_channels
        self.anchors = AnchorForm(head.prior_generator)
        self.coder = head.bbox_coder
        self.num_classes = head.num_classes
        self.with_sigmoid = head.use_sigmoid_cls
        self.read_test_cfg(head.test_cfg, key)

    def read_test_cfg(self, cfg: Any, key: str) -> None:
        """Take over what a config says about the selection of detections."""
        self.score_thr = cfg.get('score_thr', 0)
        self.nms_pre = cfg.get('nms_pre', -1)
        self.min_size = cfg.get('min_bbox_size', -1)
        self.max_per_img = cfg.max_per_img
        self.suppression = read_suppression(cfg.nms, f'{key}.test_cfg.nms')

    def forward(self, feats: tuple[Tensor, ...], batch: Batch) -> Detections:
        """Detections, in pixels of the original images, of levels (B, C, H_i, W_i)."""
        logit_maps, delta_maps = self.head(feats)
        levels = [
            self._level(*own)
            for own in zip(
                logit_maps, delta_maps, self.anchors(logit_maps), strict=True
            )
        ]
        scores, labels, bboxes = (
            torch.cat(part, dim=1) for part in zip(*levels, strict=True)
        )
        return self.select(scores, labels, bboxes, batch)

    def scores_of(self, logits: Tensor) -> Tensor:
        """Scores (B, N, C) of logits, without background, of this size or one more."""
        if self.with_sigmoid:
            return logits.sigmoid()
        return logits.softmax(dim=-1)[..., :-1]

    def candidates(
        self, scores: Tensor, deltas: Tensor, priors: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The best (prior, class) pairs.

        Args:
            scores: (B, N, C); ``ABSENT`` for what takes no part.
            deltas: (B, N, 4).
            priors: (B, N, 4) xyxy.

        Returns:
            Scores (B, K), labels (B, K) and boxes (B, K, 4), not clipped.
        """
        flat = torch.where(scores > self.score_thr, scores, ABSENT).flatten(1)
        count = self.nms_pre if self.nms_pre > 0 else flat.shape[1]
        best, places, (deltas, priors) = top_rows(flat, count, deltas, priors)
        labels = places % self.num_classes
        return best, labels, decode(self.coder, priors, deltas)

    def select(
        self, scores: Tensor, labels: Tensor, bboxes: Tensor, batch: Batch
    ) -> Detections:
        """Detections of candidates."""
        bboxes = batch.unscale(clipped(self.coder, bboxes, batch))
        scores = torch.where(large(bboxes, self.min_size), scores, ABSENT)
        return best_of_groups(
            bboxes[:, None],
            scores[:, None],
            labels[:, None],
            self.suppression,
            self.max_per_img,
        )

    def _level(
        self, logit_map: Tensor, delta_map: Tensor, anchors: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        logits = rows_of(logit_map, self.out_channels)
        deltas = rows_of(delta_map, 4)
        priors = anchors.expand(logits.shape[0], -1, -1)
        return self.candidates(self.scores_of(logits), deltas, priors)
