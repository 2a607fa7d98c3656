"""RoI pooling of Fast R-CNN (arXiv:1504.08083), in plain PyTorch for any device."""

import torch
from torch import Tensor, nn
from torch.nn.modules.utils import _pair


def roi_max_pool(
    input: Tensor,
    rois: Tensor,
    *,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
) -> Tensor:
    """Largest value of ``input`` in each bin of each RoI.

    Corners are rounded to cells and both belong to the RoI, which has at least one
    cell. Bins begin and end on whole cells and overlap where the RoI does not divide;
    a bin outside the map gives 0. A RoI that is not finite gives NaN, and sends no
    gradient. As in Caffe and MXNet; mmcv's ``RoIPool`` does not
    round the corners, and has no CPU kernel.

    Args:
        input: (B, C, H, W) feature map.
        rois: (n, 5) batch index, x1, y1, x2, y2 in pixels of the network input.
        output_size: number of bins, (h, w) or one number for both.
        spatial_scale: size of ``input`` over that of the network input.

    Returns:
        (n, C, h, w) of the dtype of ``input``, differentiable in ``input``.

    Raises:
        RuntimeError: a batch index outside the batch.
    """
    bins_y, bins_x = _pair(output_size)
    if not ((rois[:, 0] >= 0) & (rois[:, 0] < len(input))).all():
        raise RuntimeError(
            f'roi_max_pool: a batch index lies outside [0, {len(input)})'
        )
    broken = ~rois.isfinite().all(dim=1)
    # Half away from zero, as C rounds; corners are not negative after clipping.
    corners = rois[:, 1:].float().masked_fill(broken[:, None], 0) * spatial_scale
    corners = (corners + 0.5).floor()
    x1, x2 = _bin_edges(corners[:, 0], corners[:, 2], bins_x, input.shape[3])
    y1, y2 = _bin_edges(corners[:, 1], corners[:, 3], bins_y, input.shape[2])
    if len(rois) == 0:
        return input.new_zeros(0, input.shape[1], bins_y, bins_x)
    largest = _largest_values(input, rois[:, 0].long(), (y1, y2), (x1, x2))
    empty = (y2 <= y1)[:, :, None] | (x2 <= x1)[:, None, :]
    largest = largest.masked_fill(empty[..., None], 0)
    largest = largest.masked_fill(broken[:, None, None, None], float('nan'))
    return largest.permute(0, 3, 1, 2).contiguous()


def _largest_values(
    input: Tensor,
    images: Tensor,
    rows: tuple[Tensor, Tensor],
    columns: tuple[Tensor, Tensor],
) -> Tensor:
    """Maxima (n, h, w, C) of bins, from their first to before their last edges.

    Visits the cells of all bins at once, so that memory does not grow with the bins.
    """
    (y1, y2), (x1, x2) = rows, columns
    images = images[:, None, None]
    channels_last = input.permute(0, 2, 3, 1)
    best = None
    for row in range(max(int((y2 - y1).max()), 1)):
        y = torch.minimum(y1 + row, y2 - 1).clamp(min=0)[:, :, None]
        for column in range(max(int((x2 - x1).max()), 1)):
            x = torch.minimum(x1 + column, x2 - 1).clamp(min=0)[:, None, :]
            values = channels_last[images, y, x]
            best = values if best is None else torch.maximum(best, values)
    assert best is not None
    return best


def _bin_edges(
    start: Tensor, end: Tensor, bins: int, limit: int
) -> tuple[Tensor, Tensor]:
    """First cells (n, bins) of bins and the cells after their last, on the map."""
    size = (end - start + 1).clamp(min=1)[:, None] / bins
    steps = torch.arange(bins, device=start.device)
    first = (steps * size).floor() + start[:, None]
    stop = ((steps + 1) * size).ceil() + start[:, None]
    return first.clamp(0, limit).long(), stop.clamp(0, limit).long()


class RoIMaxPool(nn.Module):
    """Module form of :func:`roi_max_pool`.

    Args:
        output_size: number of bins, (h, w) or one number for both.
        spatial_scale: size of the map over that of the network input, 1 / stride.
    """

    def __init__(
        self, output_size: int | tuple[int, int], *, spatial_scale: float = 1.0
    ) -> None:
        super().__init__()
        self.output_size = _pair(output_size)
        self.spatial_scale = spatial_scale

    def forward(self, input: Tensor, rois: Tensor) -> Tensor:
        """Pool (B, C, H, W) in RoIs (n, 5): (n, C, h, w)."""
        return roi_max_pool(
            input, rois, output_size=self.output_size, spatial_scale=self.spatial_scale
        )

    def extra_repr(self) -> str:
        return f'output_size={self.output_size}, spatial_scale={self.spatial_scale}'
