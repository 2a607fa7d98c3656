"""What the forms of dense heads share: anchors, and predictions as rows."""

from collections.abc import Sequence

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from torch import Tensor, nn
from torch.nn import functional as F

from .batch import Batch
from .suppression import ABSENT


class AnchorForm(nn.Module):
    """Anchors of feature levels of any size, from those about the first cell."""

    def __init__(self, generator: AnchorGenerator) -> None:
        super().__init__()
        self.strides = [tuple(stride) for stride in generator.strides]
        for level, anchors in enumerate(generator.base_anchors):
            self.register_buffer(f'level{level}', anchors.clone(), persistent=False)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Anchors (H_i * W_i * A_i, 4) xyxy of maps (B, ..., H_i, W_i)."""
        return [self._of_level(level, each) for level, each in enumerate(maps)]

    def _of_level(self, level: int, level_map: Tensor) -> Tensor:
        base = getattr(self, f'level{level}')
        width, height = self.strides[level]
        xs = torch.arange(level_map.shape[3], device=base.device) * width
        ys = torch.arange(level_map.shape[2], device=base.device) * height
        ys, xs = torch.meshgrid(ys, xs, indexing='ij')
        shifts = torch.stack([xs, ys, xs, ys], dim=-1).to(base)
        return (shifts[:, :, None] + base).flatten(0, 2)


def rows_of(level_map: Tensor, num_values: int) -> Tensor:
    """Rows (B, H * W * A, num_values) of a map (B, A * num_values, H, W)."""
    rows = level_map.permute(0, 2, 3, 1).flatten(1)
    return rows.unflatten(1, (-1, num_values)).float()


def top_rows(
    scores: Tensor, count: int, *tables: Tensor
) -> tuple[Tensor, Tensor, list[Tensor]]:
    """The best of each image, filled up with absent ones where there may be too few.

    Args:
        scores: (B, M), negative ones for what takes no part.
        count: K, how many; none are filled up where M is known.
        tables: (B, M / C, ...) whose row m // C belongs to score m.

    Returns:
        Scores (B, K) falling; their places m (B, K); the rows (B, K, ...) of tables.
    """
    if isinstance(scores.shape[1], int):
        best, places = scores.topk(min(count, scores.shape[1]), dim=1)
    else:
        best, places = F.pad(scores, (0, count), value=ABSENT).topk(count, dim=1)
    # Absent ones may lie past the end: any row serves them.
    places = torch.where(best >= 0, places, 0)
    found = []
    for table in tables:
        per_row = scores.shape[1] // table.shape[1]
        rows = (places // per_row)[..., None].expand(-1, -1, table.shape[2])
        found.append(table.gather(1, rows))
    return best, places, found


def decode(coder: BaseBBoxCoder, priors: Tensor, deltas: Tensor) -> Tensor:
    """Boxes (B, N, 4) of priors and deltas of that shape, not clipped."""
    rows = coder.decode(priors.flatten(0, 1), deltas.flatten(0, 1))
    return rows.view(priors.shape)


def clipped(coder: BaseBBoxCoder, bboxes: Tensor, batch: Batch) -> Tensor:
    """Boxes (B, ..., 4) within their images, if the coder clips."""
    return batch.clip(bboxes) if getattr(coder, 'clip_border', True) else bboxes


def large(bboxes: Tensor, min_size: float | None) -> Tensor:
    """Which boxes (..., 4) are wider and higher than a number of pixels: (...)."""
    if min_size is None or min_size < 0:
        return torch.ones_like(bboxes[..., 0], dtype=torch.bool)
    return (bboxes[..., 2:] - bboxes[..., :2] > min_size).all(-1)
