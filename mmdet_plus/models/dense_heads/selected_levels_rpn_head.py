"""The region proposal network of MMDetection on some of the feature levels."""

from collections.abc import Sequence
from typing import Any

from mmdet.models.dense_heads import RPNHead
from mmdet.registry import MODELS
from torch import Tensor


@MODELS.register_module(name=['SelectedLevelsRPNHead', 'Float32RPNHead'])
class SelectedLevelsRPNHead(RPNHead):
    """``RPNHead`` that proposes from some levels of many.

    For detectors whose RoI head reads other levels than the proposals come from, such
    as DCR's (arXiv 1810.04002, sec. 4.1) on C4 and C5. Without ``in_levels`` it is
    ``RPNHead``, also under its earlier name ``Float32RPNHead``.

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
