"""RoIAlign whose bins move by offsets: deformable RoI pooling, arXiv:1703.06211."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.modules.utils import _pair

from .compiled import has_kernel, is_compiled

MAX_RATIO = 256  # of samples where the size of a RoI decides; as in the kernels


def deform_roi_align(
    input: Tensor,
    rois: Tensor,
    offset: Tensor | None = None,
    *,
    output_size: int | tuple[int, int],
    spatial_scale: float = 1.0,
    sampling_ratio: int = 2,
    offset_scale: float = 0.1,
) -> Tensor:
    """Average bilinear samples of ``input`` in the moved bins of each RoI.

    Bin (i, j) of a RoI of width w and height h is moved by
    ``offset[n, 0, i, j] * offset_scale * w`` in x and
    ``offset[n, 1, i, j] * offset_scale * h`` in y; then it is RoIAlign with
    ``aligned=True``: cell centres lie at half pixels, and a sample more than one cell
    outside the map, or at infinity, counts as 0. A sample whose position is NaN makes
    its bin NaN. Neither of them reads the map or sends a gradient.

    Args:
        input: (B, C, H, W) feature map, any floating dtype; half types are accumulated
            in float32.
        rois: (n, 5) batch index, x1, y1, x2, y2 in pixels of the network input, of
            any floating dtype: float32 RoIs keep their precision under AMP.
        offset: (n, 2, h, w) of the output size; None moves nothing.
        output_size: number of bins, (h, w) or one number for both.
        spatial_scale: size of ``input`` over that of the network input.
        sampling_ratio: samples per bin and axis; 0 takes one for each cell of the map
            that a bin begins, up to 256, so that large RoIs are read completely.
        offset_scale: gamma, the step of an offset of 1 as a fraction of the RoI.

    Returns:
        (n, C, h, w) of the dtype of ``input``. Differentiable in ``input`` and
        ``offset``. CUDA gradients are summed in no fixed order.

    Raises:
        RuntimeError: wrong shape, dtype or device, or, on the CPU, a batch index
            outside the batch (a device-side assertion on CUDA).
    """
    size = _pair(output_size)
    pool = deform_roi_align_reference
    if has_kernel('deform_roi_align', input.device.type):
        pool = torch.ops.mmdet_plus.deform_roi_align
    return pool(input, rois, offset, size, spatial_scale, sampling_ratio, offset_scale)


def deform_roi_align_reference(
    input: Tensor,
    rois: Tensor,
    offset: Tensor | None,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
    offset_scale: float,
) -> Tensor:
    """Plain PyTorch twin of :func:`deform_roi_align`."""
    _check(input, rois, offset, output_size)
    dtype = _accumulate_type(input)
    output = rois.new_zeros(len(rois), input.shape[1], *output_size, dtype=dtype)
    # Without samples, too, there is a gradient: zero.
    for part in (input,) if offset is None else (input, offset):
        output = output + part.flatten()[:0].sum()
    if len(rois) == 0:
        return output.to(input.dtype)
    rois = rois.detach().to(dtype)
    images = rois[:, 0].long()
    ratios = _sampling_ratios(rois, output_size, spatial_scale, sampling_ratio)
    groups = torch.column_stack([images, ratios]).unique(dim=0)
    for image, *ratio in groups.tolist():
        own = (images == image) & (ratios == ratios.new_tensor(ratio)).all(dim=1)
        if 0 in ratio:
            continue
        moved = None if offset is None else offset[own].to(dtype)
        points = _sample_points(
            rois[own], moved, output_size, spatial_scale, ratio, offset_scale
        )
        sampled = _sample(input[image][None].to(dtype), points)
        output[own] = F.avg_pool2d(sampled, ratio)
    return output.to(input.dtype)


def _accumulate_type(input: Tensor) -> torch.dtype:
    return torch.float64 if input.dtype == torch.float64 else torch.float32


def _sampling_ratios(
    rois: Tensor,
    output_size: tuple[int, int],
    spatial_scale: float,
    sampling_ratio: int,
) -> Tensor:
    """Samples (n, 2) of a bin of each RoI, in y and x."""
    if sampling_ratio > 0:
        return rois.new_full((len(rois), 2), sampling_ratio).long()
    size = (rois[:, 3:5] - rois[:, 1:3]).flip(1) * spatial_scale
    cells = size / rois.new_tensor(output_size)
    return torch.where(cells.isfinite(), cells.ceil().clamp(0, MAX_RATIO), 1).long()


def _check(
    input: Tensor, rois: Tensor, offset: Tensor | None, output_size: tuple[int, int]
) -> None:
    """The part of the kernels' checks without which the twin would answer wrongly."""
    expected = (len(rois), 2, *output_size)
    if offset is not None and offset.shape != expected:
        raise RuntimeError(
            f'deform_roi_align: offset must be {expected}, got {tuple(offset.shape)}'
        )
    if not rois.is_floating_point():
        raise RuntimeError(
            f'deform_roi_align: rois are {rois.dtype}, not floating point'
        )
    # In the type that is read: an index just below the batch may be rounded up to it.
    index = rois[:, 0].to(_accumulate_type(input))
    if not ((index >= 0) & (index < len(input))).all():
        raise RuntimeError(
            f'deform_roi_align: a batch index lies outside [0, {len(input)})'
        )


def _sample_points(
    rois: Tensor,
    offset: Tensor | None,
    output_size: tuple[int, int],
    spatial_scale: float,
    ratio: Sequence[int],
    offset_scale: float,
) -> Tensor:
    """Sample points (n, h * ratio, w * ratio, 2): x, y, cell centres at integers."""
    corner = rois[:, 1:3] * spatial_scale - 0.5
    size = (rois[:, 3:5] - rois[:, 1:3]) * spatial_scale
    rows, columns = (
        (torch.arange(n * samples).to(rois) + 0.5) / (n * samples)
        for n, samples in zip(output_size, ratio, strict=True)
    )
    grid = torch.stack(torch.meshgrid(columns, rows, indexing='xy'), dim=-1)
    points = corner[:, None, None] + size[:, None, None] * grid
    if offset is not None:
        moved = offset.repeat_interleave(ratio[0], 2)
        moved = moved.repeat_interleave(ratio[1], 3).permute(0, 2, 3, 1)
        shift = offset_scale * size[:, None, None]
        # No gradient of 0 times a size that is not finite.
        moved = torch.where(shift.isfinite(), moved, moved.detach())
        points = points + moved * shift
    return points


def _sample(feature: Tensor, points: Tensor) -> Tensor:
    """Read (1, C, H, W) at points (n, h, w, 2): (n, C, h, w), zero far outside."""
    num_rois, rows, columns, _ = points.shape
    size = points.new_tensor([feature.shape[3], feature.shape[2]])
    inside = ((points >= -1) & (points <= size)).all(-1, keepdim=True)
    outside = torch.where(points.isnan().any(-1, keepdim=True), float('nan'), 0.0)
    # Selected twice: what is multiplied by 0 still passes on what is not finite.
    grid = (2 * torch.where(inside, points, 0.0) + 1) / size - 1
    values = F.grid_sample(
        feature,
        grid.reshape(1, num_rois * rows, columns, 2),
        padding_mode='border',
        align_corners=False,
    )
    values = values.reshape(feature.shape[1], num_rois, rows, columns)
    return torch.where(inside[..., 0], values, outside[..., 0]).transpose(0, 1)


class DeformRoIAlign(nn.Module):
    """Module form of :func:`deform_roi_align`.

    Without offsets it is a RoIAlign that also runs in half precision on the CPU.

    Args:
        output_size: number of bins, (h, w) or one number for both.
        spatial_scale: size of the map over that of the network input, 1 / stride.
        sampling_ratio: as :func:`deform_roi_align` takes it.
        offset_scale: step of an offset of 1 as a fraction of the RoI.
    """

    def __init__(
        self,
        output_size: int | tuple[int, int],
        *,
        spatial_scale: float = 1.0,
        sampling_ratio: int = 2,
        offset_scale: float = 0.1,
    ) -> None:
        super().__init__()
        self.output_size = _pair(output_size)
        self.spatial_scale = spatial_scale
        self.sampling_ratio = sampling_ratio
        self.offset_scale = offset_scale

    def forward(
        self, input: Tensor, rois: Tensor, offset: Tensor | None = None
    ) -> Tensor:
        """Pool (B, C, H, W) in RoIs (n, 5) with offsets (n, 2, h, w): (n, C, h, w)."""
        return deform_roi_align(
            input,
            rois,
            offset,
            output_size=self.output_size,
            spatial_scale=self.spatial_scale,
            sampling_ratio=self.sampling_ratio,
            offset_scale=self.offset_scale,
        )

    def extra_repr(self) -> str:
        return (
            f'output_size={self.output_size}, spatial_scale={self.spatial_scale}, '
            f'sampling_ratio={self.sampling_ratio}, offset_scale={self.offset_scale}'
        )


def _fake(
    input: Tensor,
    rois: Tensor,
    offset: Tensor | None,
    output_size: Sequence[int],
    *settings: float,
) -> Tensor:
    return input.new_empty(rois.shape[0], input.shape[1], *output_size)


def _fake_backward(
    grad: Tensor, input: Tensor, rois: Tensor, offset: Tensor | None, *settings: object
) -> tuple[Tensor, Tensor]:
    offset = input.new_empty(0) if offset is None else offset
    return input.new_empty(input.shape), offset.new_empty(offset.shape)


def _setup_context(ctx: Any, inputs: tuple[Any, ...], output: Tensor) -> None:
    input, rois, offset, *ctx.settings = inputs
    ctx.save_for_backward(input, rois, offset)


def _backward(ctx: Any, grad: Tensor) -> tuple[Tensor | None, ...]:
    input, rois, offset = ctx.saved_tensors
    to_input, to_offset = torch.ops.mmdet_plus.deform_roi_align_backward(
        grad, input, rois, offset, *ctx.settings
    )
    return to_input, None, None if offset is None else to_offset, *[None] * 4


if is_compiled():
    torch.library.register_fake('mmdet_plus::deform_roi_align', _fake)
    torch.library.register_fake('mmdet_plus::deform_roi_align_backward', _fake_backward)
    torch.library.register_autograd(
        'mmdet_plus::deform_roi_align', _backward, setup_context=_setup_context
    )
