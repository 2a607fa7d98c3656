"""Boxes as distances from the cells of a grid laid over a proposal."""

from typing import Any

import torch
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class DenseLocalBBoxCoder(BaseBBoxCoder):
    """Distances from each cell of a proposal to the four sides of a box.

    Dense box offsets of D2Det (CVPR 2020), sec. 3.1, Eq. 2. The centre of cell (i, j)
    lies at ((j + 0.5) / k, (i + 0.5) / k) of the proposal. Channels are left, right,
    top, bottom; left and right are over the width of the proposal, top and bottom over
    its height.

    Args:
        grid_size: k, cells per side.
    """

    encode_size = 4

    def __init__(self, grid_size: int = 7, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.grid_size = grid_size

    def cell_centres(self, bboxes: Tensor) -> Tensor:
        """Centres (n, 2, k, k) as x, y of the cells of ``bboxes`` (n, 4) xyxy."""
        steps = torch.arange(self.grid_size).to(bboxes) + 0.5
        ys, xs = torch.meshgrid(steps, steps, indexing='ij')
        grid = torch.stack([xs, ys]) / self.grid_size
        corner, size = bboxes[:, :2], bboxes[:, 2:] - bboxes[:, :2]
        return corner[:, :, None, None] + size[:, :, None, None] * grid

    def encode(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """Offsets (n, 4, k, k) from the cells of ``bboxes`` to ``gt_bboxes``.

        Args:
            bboxes: (n, 4) xyxy proposals, pixels of the network input.
            gt_bboxes: (n, 4) same frame, row i belongs to ``bboxes[i]``.

        Returns:
            Left, right, top, bottom; negative where a cell lies beyond that side.
        """
        x, y = self.cell_centres(bboxes).unbind(1)
        width, height = _sizes(bboxes)
        left, top, right, bottom = (side[:, None, None] for side in gt_bboxes.unbind(1))
        return torch.stack(
            [
                (x - left) / width,
                (right - x) / width,
                (y - top) / height,
                (bottom - y) / height,
            ],
            dim=1,
        )

    def decode(self, bboxes: Tensor, offsets: Tensor) -> Tensor:
        """Boxes (n, 4, k, k) xyxy, one per cell: the inverse of :meth:`encode`.

        Args:
            bboxes: (n, 4) xyxy proposals, pixels of the network input.
            offsets: (n, 4, k, k) left, right, top, bottom.
        """
        x, y = self.cell_centres(bboxes).unbind(1)
        width, height = _sizes(bboxes)
        left, right, top, bottom = offsets.unbind(1)
        return torch.stack(
            [
                x - left * width,
                y - top * height,
                x + right * width,
                y + bottom * height,
            ],
            dim=1,
        )


def _sizes(bboxes: Tensor) -> tuple[Tensor, Tensor]:
    """Widths and heights (n, 1, 1), kept above zero so that encoding stays finite."""
    size = (bboxes[:, 2:] - bboxes[:, :2]).clamp(min=1e-6)
    return size[:, 0, None, None], size[:, 1, None, None]
