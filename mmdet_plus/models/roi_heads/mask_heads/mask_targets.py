"""Ground truth masks seen through RoIs, without a loop over the RoIs."""

import torch
from mmcv.ops import roi_align
from mmdet.structures.mask import BaseInstanceMasks
from torch import Tensor
from torch.nn import functional as F


def bitmaps_of(masks: BaseInstanceMasks, device: torch.device) -> Tensor:
    """The masks of an image as a tensor (n, H, W) of zeros and ones, float32."""
    # Polygons come out transposed in memory, which mmcv's operators do not look at.
    return masks.to_tensor(torch.float32, device).contiguous()


def crop_masks(
    bitmaps: Tensor, bboxes: Tensor, indices: Tensor, output_size: int
) -> Tensor:
    """What boxes see of masks, resampled to a square grid.

    Args:
        bitmaps: (n, H, W) zeros and ones.
        bboxes: (m, 4) xyxy, pixels of the bitmaps.
        indices: (m,) row of ``bitmaps`` that each box looks at.
        output_size: side s of the grid.

    Returns:
        (m, s, s) bool: cells of which at least half belongs to the mask.
    """
    if len(bboxes) == 0:
        return bboxes.new_zeros((0, output_size, output_size), dtype=torch.bool)
    rois = torch.cat([indices[:, None].to(bboxes), bboxes], dim=1)
    covered = roi_align(bitmaps[:, None], rois, output_size, 1.0, 0, 'avg', True)
    return covered[:, 0] >= 0.5


def overlap_of_masks(target_masks: Tensor) -> Tensor:
    """Masks (n, 4k, 4k) on the grid (n, k, k) of dense local regression.

    A cell is inside where the bilinear interpolation at its centre exceeds half; that
    replaces the rule of Eq. 3 of D2Det (sec. 3.3).
    """
    if len(target_masks) == 0:
        return target_masks[:, ::4, ::4]
    small = F.interpolate(
        target_masks[:, None].float(),
        scale_factor=0.25,
        mode='bilinear',
        align_corners=False,
    )
    return small[:, 0] > 0.5


def mask_ious(
    pred_masks: Tensor, target_masks: Tensor, bboxes: Tensor, areas: Tensor
) -> Tensor:
    """IoU of masks predicted inside boxes with the whole instances.

    Args:
        pred_masks: (n, s, s) bool, predicted on a grid over each box.
        target_masks: (n, s, s) bool, what the box sees of the instance.
        bboxes: (n, 4) xyxy in pixels.
        areas: (n,) pixels of the whole instance, also of its part outside the box.

    Returns:
        (n,) in [0, 1].
    """
    size = (bboxes[:, 2:] - bboxes[:, :2]).clamp(min=0)
    cell_area = size.prod(dim=1) / target_masks[0].numel() if len(bboxes) else areas
    pred_area = pred_masks.sum(dim=(1, 2)) * cell_area
    intersection = (pred_masks & target_masks).sum(dim=(1, 2)) * cell_area
    # The area of cells is coarse: what the box sees can come out above the whole.
    intersection = torch.minimum(intersection, areas)
    union = pred_area + areas - intersection
    return intersection / union.clamp(min=1e-6)
