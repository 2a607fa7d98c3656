"""The region proposal network of MMDetection, also under bfloat16 autocast."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS
from mmdet.utils import InstanceList
from torch import Tensor


@MODELS.register_module()
class Float32RPNHead(RPNHead):
    """``RPNHead`` whose proposals are decoded, ranked and suppressed in float32.

    mmcv's non-maximum suppression has no bfloat16 kernel, so that ``RPNHead`` fails
    under bfloat16 autocast, the only one there is on CPUs. Parameters, losses and, in
    float32, results are those of ``RPNHead``.

    Args:
        in_levels: indices of the feature levels that it proposes from; None for all.
        **kwargs: as ``RPNHead`` takes them; strides are those of these levels.
    """

    def __init__(
        self, *args: Any, in_levels: Sequence[int] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.in_levels = in_levels

    def forward(self, x: tuple[Tensor, ...]) -> tuple[list[Tensor], list[Tensor]]:
        """Objectness logits and deltas of each level of ``x`` (B, C, H_i, W_i)."""
        if self.in_levels is not None:
            x = tuple(x[level] for level in self.in_levels)
        return super().forward(x)

    def predict_by_feat(
        self, cls_scores: list[Tensor], bbox_preds: list[Tensor], **kwargs: Any
    ) -> InstanceList:
        """Proposals of a batch.

        Args:
            cls_scores: objectness logits (B, A, H_i, W_i) of each level.
            bbox_preds: box deltas (B, 4 * A, H_i, W_i) of each level.
            **kwargs: as ``RPNHead.predict_by_feat`` takes them.

        Returns:
            ``bboxes`` (n, 4) xyxy in pixels of the network input, ``scores`` (n,) in
            [0, 1], falling, and ``labels`` (n,) of zeros, for each image.
        """
        return super().predict_by_feat(
            [scores.float() for scores in cls_scores],
            [preds.float() for preds in bbox_preds],
            **kwargs,
        )
