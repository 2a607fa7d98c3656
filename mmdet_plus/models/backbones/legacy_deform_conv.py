"""Deformable convolution as the MXNet models of DCR have it."""

import torch
from mmcv.ops import DeformConv2dPack, modulated_deform_conv2d
from mmengine.registry import MODELS
from torch import Tensor


@MODELS.register_module('LegacyDCN')
class LegacyDeformConv2dPack(DeformConv2dPack):
    """mmcv's ``DCN`` that ends where the map ends.

    Samples outside [0, size) are 0, also between -1 and 0, and those behind the centre
    of the last cell are that cell; mmcv fades out over a cell on both sides.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Convolve (B, C, H, W)."""
        offset = self.conv_offset(x)
        centres = self._centres(offset)
        points = offset.unflatten(1, (-1, 2)) + centres
        last = torch.tensor(x.shape[2:]).to(offset).view(2, 1, 1) - 1
        inside = ((points >= 0) & (points < last + 1)).all(dim=2)
        points = points.minimum(last)
        return modulated_deform_conv2d(
            x,
            (points - centres).flatten(1, 2),
            inside.to(offset),
            self.weight,
            None,
            self.stride,
            self.padding,
            self.dilation,
            self.groups,
            self.deform_groups,
        )

    def _centres(self, offset: Tensor) -> Tensor:
        """Rows and columns (G * k * k, 2, H', W') that the kernel would read."""
        axes = [
            torch.arange(size)[:, None] * self.stride[i]
            - self.padding[i]
            + torch.arange(self.kernel_size[i]) * self.dilation[i]
            for i, size in enumerate(offset.shape[2:])
        ]
        rows = axes[0].T[:, None, :, None]
        columns = axes[1].T[None, :, None, :]
        both = torch.stack(torch.broadcast_tensors(rows, columns), dim=2)
        return both.flatten(0, 1).to(offset).repeat(self.deform_groups, 1, 1, 1)
