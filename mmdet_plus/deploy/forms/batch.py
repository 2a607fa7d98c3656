"""From the pixels that a graph is given to the input of a backbone."""

from typing import NamedTuple

import torch
from mmdet.models.data_preprocessors import DetDataPreprocessor
from torch import Tensor, nn
from torch.nn import functional as F

from .registry import form_of, unsupported


class Batch(NamedTuple):
    """What forms know of B images; boxes of the network input are in its pixels."""

    images: Tensor
    """(B, 3, H, W) normalised, padded."""
    limits: Tensor
    """(B, 4) width, height, width, height of the images in the network input."""
    scales: Tensor
    """(B, 4) by which boxes of the original images grew into the network input."""

    def clip(self, bboxes: Tensor) -> Tensor:
        """Boxes (B, ..., 4) clipped to their images."""
        return torch.minimum(bboxes.clamp(min=0), _like(self.limits, bboxes))

    def unscale(self, bboxes: Tensor) -> Tensor:
        """Boxes (B, ..., 4) in pixels of the original images."""
        # A product with the inverse, as in MMDetection, so that rounding is the same.
        return bboxes * _like(1 / self.scales, bboxes)

    def rescale(self, bboxes: Tensor) -> Tensor:
        """Boxes (B, ..., 4) of the original images in the network input."""
        return bboxes * _like(self.scales, bboxes)

    def of(self, image_ids: Tensor) -> 'Batch':
        """The same for n boxes, with a row of each box's image instead of the image."""
        return self._replace(
            limits=self.limits[image_ids], scales=self.scales[image_ids]
        )


def _like(rows: Tensor, bboxes: Tensor) -> Tensor:
    return rows.view(rows.shape[0], *[1] * (bboxes.dim() - 2), 4)


@form_of(DetDataPreprocessor, 'forward')
class PreprocessingForm(nn.Module):
    """Normalises RGB images and pads them, as ``DetDataPreprocessor`` does."""

    mean: Tensor
    std: Tensor

    def __init__(self, preprocessor: DetDataPreprocessor, key: str) -> None:
        super().__init__()
        if preprocessor.batch_augments is not None:
            raise unsupported(f'{key}.batch_augments', 'it is for training')
        # Configs' images are BGR files; both conversions of the channels give RGB.
        self.reads_rgb = preprocessor._channel_conversion
        self.divisor = preprocessor.pad_size_divisor
        self.pad_value = float(preprocessor.pad_value)
        normalised = preprocessor._enable_normalize
        mean = preprocessor.mean if normalised else torch.zeros(3, 1, 1)
        std = preprocessor.std if normalised else torch.ones(3, 1, 1)
        self.register_buffer('mean', mean.clone(), persistent=False)
        self.register_buffer('std', std.clone(), persistent=False)

    def forward(self, images: Tensor, sizes: Tensor, original_sizes: Tensor) -> Batch:
        """Prepare images.

        Args:
            images: (B, H, W, 3) uint8 RGB; each image at the top left.
            sizes: (B, 2) heights and widths of the images in ``images``.
            original_sizes: (B, 2) heights and widths before they were resized.
        """
        pixels = images.permute(0, 3, 1, 2).contiguous().float()
        if not self.reads_rgb:
            pixels = pixels.flip(1)
        pixels = (pixels - self.mean) / self.std
        rows = torch.arange(pixels.shape[2], device=images.device)
        columns = torch.arange(pixels.shape[3], device=images.device)
        inside = (rows < sizes[:, :1])[:, :, None] & (columns < sizes[:, 1:])[:, None]
        pixels = torch.where(inside[:, None], pixels, self.pad_value)
        missing = [-pixels.shape[axis] % self.divisor for axis in (3, 2)]
        pixels = F.pad(pixels, (0, missing[0], 0, missing[1]), value=self.pad_value)
        width_height = sizes.flip(1).float()
        scales = width_height / original_sizes.flip(1).float()
        return Batch(pixels, width_height.repeat(1, 2), scales.repeat(1, 2))
