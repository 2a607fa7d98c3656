"""Box offsets between boxes whose last pixel belongs to them."""

from typing import Any

from mmdet.models.task_modules.coders import DeltaXYWHBBoxCoder
from mmdet.registry import TASK_UTILS
from torch import Tensor

from ..bbox_geometry import order_corners, with_last_pixel, without_last_pixel


@TASK_UTILS.register_module()
class PixelDeltaXYWHBBoxCoder(DeltaXYWHBBoxCoder):
    """``DeltaXYWHBBoxCoder`` for boxes that are x2 - x1 + 1 wide.

    So Detectron, maskrcnn-benchmark, MMDetection 1.x and the MXNet R-CNNs count. Also
    clips as they do, to the last pixel. MMDetection's ``LegacyDeltaXYWHBBoxCoder``
    leaves half a pixel out of the decoded corners. Takes what ``DeltaXYWHBBoxCoder``
    takes.
    """

    def encode(self, bboxes: Tensor, gt_bboxes: Tensor) -> Tensor:
        """Offsets (n, 4) from boxes (n, 4) to ground truth (n, 4), all xyxy."""
        return super().encode(with_last_pixel(bboxes), with_last_pixel(gt_bboxes))

    def decode(
        self,
        bboxes: Tensor,
        pred_bboxes: Tensor,
        max_shape: Any = None,
        wh_ratio_clip: float | None = 16 / 1000,
    ) -> Tensor:
        """Move boxes by offsets.

        Args:
            bboxes: (n, 4) xyxy.
            pred_bboxes: (n, 4) offsets, or (n, 4 * C), those of each class.
            max_shape: (height, width) of the image to clip to.
            wh_ratio_clip: as ``DeltaXYWHBBoxCoder`` takes it.

        Returns:
            xyxy of the shape of ``pred_bboxes``, in [0, width - 1] x [0, height - 1] if
            clipped.
        """
        ends = super().decode(with_last_pixel(bboxes), pred_bboxes, None, wh_ratio_clip)
        decoded = without_last_pixel(ends.unflatten(1, (-1, 4)))
        # Boxes of less than a pixel; RoIAlign refuses negative sizes.
        decoded = order_corners(decoded).flatten(1)
        if max_shape is None or not self.clip_border:
            return decoded
        height, width = max_shape[:2]
        last = decoded.new_tensor([width - 1, height - 1])
        corners = decoded.unflatten(1, (-1, 2))
        return corners.clamp(min=0).minimum(last).flatten(1)
