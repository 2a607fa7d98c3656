"""Images that are normalised for one network, as another one was trained with them."""

from collections.abc import Sequence

import torch
from mmengine.model import BaseDataPreprocessor, ImgDataPreprocessor
from torch import Tensor, nn


class ImageNormChange(nn.Module):
    """Undoes the normalisation of a data preprocessor and does another one.

    What a detector without ``ImgDataPreprocessor`` gets is left as it is.

    Args:
        preprocessor: made the images, from files that were read as BGR.
        mean: of each channel, which the other network's images lack.
        std: of each channel, which they are divided by.
        rgb: the order of their channels, False for BGR.
    """

    scale: Tensor
    shift: Tensor

    def __init__(
        self,
        preprocessor: BaseDataPreprocessor,
        mean: Sequence[float],
        std: Sequence[float],
        rgb: bool,
    ) -> None:
        super().__init__()
        scale, shift = torch.ones(3, 1, 1), torch.zeros(3, 1, 1)
        self.swaps_channels = False
        if isinstance(preprocessor, ImgDataPreprocessor):
            self.swaps_channels = preprocessor._channel_conversion != rgb
            wanted_mean, wanted_std = (
                torch.tensor(v).view(-1, 1, 1) for v in (mean, std)
            )
            own_mean, own_std = self._own_norm(preprocessor)
            scale = own_std / wanted_std
            shift = (own_mean - wanted_mean) / wanted_std
        # On the meta device, where only names and shapes are asked for, all may change.
        same = not scale.is_meta and bool((scale.eq(1) & shift.eq(0)).all())
        self.changes = self.swaps_channels or not same
        # Not in checkpoints: the config says it.
        self.register_buffer('scale', scale, persistent=False)
        self.register_buffer('shift', shift, persistent=False)

    def _own_norm(self, preprocessor: ImgDataPreprocessor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation (3, 1, 1) in the order of the other network."""
        if not preprocessor._enable_normalize:
            return torch.zeros(3, 1, 1), torch.ones(3, 1, 1)
        norm = (preprocessor.mean.cpu(), preprocessor.std.cpu())
        if self.swaps_channels:
            return norm[0].flip(0), norm[1].flip(0)
        return norm

    def forward(self, images: Tensor) -> Tensor:
        """Images (B, 3, H, W) for the other network; the same object if it agrees."""
        if not self.changes:
            return images
        if self.swaps_channels:
            images = images.flip(1)
        return images * self.scale.to(images) + self.shift.to(images)
