"""Box offsets that stay finite for boxes without extent."""

from typing import Any

import torch
from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class ClampedDeltaXYWHBBoxCoder(DeltaXYWHBBoxCoder):
    """``DeltaXYWHBBoxCoder`` whose encoding never divides by zero or takes log(0).

    A learnt prior can collapse, and then the logarithm of its width is what turns a
    training into NaN. The defaults are the variances of SSD (1512.02325), which
    RefineDet keeps.

    Args:
        min_size: least width and height, in pixels, that a box counts with.
        target_stds: divisors of the offsets (x, y, width, height).
        **kwargs: as ``DeltaXYWHBBoxCoder`` takes them.
    """

    def __init__(
        self,
        *,
        min_size: float = 0.01,
        target_stds: tuple[float, ...] = (0.1, 0.1, 0.2, 0.2),
        **kwargs: Any,
    ) -> None:
        super().__init__(target_stds=target_stds, **kwargs)
        if min_size <= 0:
            raise ValueError(f'min_size must be positive, got {min_size}')
        self.min_size = min_size

    def encode(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """Offsets from boxes to ground truth.

        Args:
            bboxes: (n, 4) xyxy.
            gt_bboxes: (n, 4) xyxy, same frame.

        Returns:
            (n, 4) normalised offsets of centre x, centre y, log width, log height.
        """
        centres, sizes = self._centres_sizes(bboxes)
        gt_centres, gt_sizes = self._centres_sizes(gt_bboxes)
        offsets = [(gt_centres - centres) / sizes, (gt_sizes / sizes).log()]
        deltas = torch.cat(offsets, dim=1)
        return (deltas - deltas.new_tensor(self.means)) / deltas.new_tensor(self.stds)

    def _centres_sizes(self, bboxes: Tensor) -> tuple[Tensor, Tensor]:
        bboxes = bboxes.float()
        low, high = bboxes[:, :2], bboxes[:, 2:]
        return (low + high) / 2, (high - low).clamp(min=self.min_size)
