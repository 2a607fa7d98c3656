"""What several RoI heads do to boxes."""

from collections.abc import Sequence

import torch
from mmdet.structures.bbox import scale_boxes
from torch import Tensor


def clip_bboxes(bboxes: Tensor, img_shape: tuple[int, ...]) -> Tensor:
    """Boxes (n, 4) xyxy clipped, out of place, to [0, w] x [0, h] of ``(h, w)``."""
    height, width = img_shape[:2]
    limits = bboxes.new_tensor([width, height, width, height])
    return torch.minimum(bboxes.clamp(min=0), limits)


def order_corners(bboxes: Tensor) -> Tensor:
    """Boxes (..., 4) xyxy whose second corner is not left of or above the first.

    Sides that are decoded one by one round differently, and a box thinner than that is
    of negative size; RoIAlign refuses such boxes.
    """
    low, high = bboxes[..., :2], bboxes[..., 2:]
    return torch.cat([low, torch.maximum(low, high)], dim=-1)


def unscale_bboxes(bboxes: Tensor, scale_factor: Sequence[float]) -> Tensor:
    """Boxes of the network input in pixels of the original image.

    Args:
        bboxes: (n, 4) or (n, C * 4) xyxy.
        scale_factor: width and height of the input over those of the image.
    """
    return scale_boxes(bboxes, [1 / factor for factor in scale_factor])


def jitter_bboxes(bboxes: Tensor, amplitude: float) -> Tensor:
    """Move centres and change sizes at random, each by up to a fraction of the size.

    Args:
        bboxes: (n, 4) xyxy.
        amplitude: largest fraction, in [0, 1); drawn uniformly for centre x, centre y,
            width and height.
    """
    centres = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    sizes = bboxes[:, 2:] - bboxes[:, :2]
    noise = torch.empty_like(bboxes).uniform_(-amplitude, amplitude)
    centres = centres + sizes * noise[:, :2]
    half_sizes = sizes * (1 + noise[:, 2:]) / 2
    return torch.cat([centres - half_sizes, centres + half_sizes], dim=1)


def with_last_pixel(boxes: Tensor) -> Tensor:
    """Boxes or RoIs (..., x1, y1, x2, y2) with x2 and y2 one further.

    Older code bases count the pixels x2 and y2 as part of a box: it ends at x2 + 1.
    """
    return torch.cat([boxes[..., :-2], boxes[..., -2:] + 1], dim=-1)


def without_last_pixel(boxes: Tensor) -> Tensor:
    """Undo :func:`with_last_pixel`."""
    return torch.cat([boxes[..., :-2], boxes[..., -2:] - 1], dim=-1)


def distinct_bboxes(bboxes: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
    """Boxes of a batch without those that come twice in an image.

    Args:
        bboxes: (n_i, 4) of each image.

    Returns:
        Boxes (m_i, 4) of each image, and which of all these, one image after the other,
        each of all n boxes is: (n,).
    """
    distinct, rows, count = [], [], 0
    for own in bboxes:
        unique, inverse = own.unique(dim=0, return_inverse=True)
        distinct.append(unique)
        rows.append(inverse + count)
        count += len(unique)
    return distinct, torch.cat(rows)
