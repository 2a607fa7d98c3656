"""Anchors of Detectron and maskrcnn-benchmark."""

import torch
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.registry import TASK_UTILS
from torch import Tensor


@TASK_UTILS.register_module()
class DetectronAnchorGenerator(AnchorGenerator):
    """Rounds the sides of the smallest anchor before they are scaled.

    MMDetection's ``LegacyAnchorGenerator`` rounds the corners afterwards: at a stride
    of 4 and a scale of 8 its flat anchor is 46 x 22, this one's is 48 x 24. For weights
    that were trained with such anchors. Takes what ``AnchorGenerator`` takes;
    ``center_offset`` and ``scale_major`` make no difference.
    """

    def gen_single_level_base_anchors(
        self,
        base_size: float,
        scales: Tensor,
        ratios: Tensor,
        center: tuple[float, float] | None = None,
    ) -> Tensor:
        """Anchors of one place.

        Args:
            base_size: side of the square anchor before it is scaled.
            scales: (s,).
            ratios: (r,), height by width.
            center: x and y; None for the middle of the pixels of a cell.

        Returns:
            (r * s, 4) xyxy about the first cell, the scale changing fastest. Corners
            are pixels that belong to the anchor: it is one wider than x2 - x1.
        """
        middle = (base_size - 1) / 2
        centre = scales.new_tensor((middle, middle) if center is None else center)
        widths = (base_size**2 / ratios).sqrt().round()
        sides = torch.stack([widths, (widths * ratios).round()], dim=1)
        half = ((sides[:, None] * scales[:, None]).flatten(0, 1) - 1) / 2
        return torch.cat([centre - half, centre + half], dim=1)
