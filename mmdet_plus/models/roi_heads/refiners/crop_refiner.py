"""DCR V1: boxes are cut out of the image and classified by a network of its own."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from mmengine.model import BaseDataPreprocessor
from torch import Tensor, nn

from .box_refiner import BoxRefiner, RefinerInputs
from .image_norm import ImageNormChange


def crop_and_resize(images: Tensor, rois: Tensor, output_size: int) -> Tensor:
    """Cut boxes out of images and resize them bilinearly, all in one go.

    Only pixels that a box touches are read: bilinear samples near its border take the
    border's pixels twice instead of those beyond. A box outside the image or without
    extent gives the nearest pixels.

    Args:
        images: (B, C, H, W).
        rois: (n, 5) batch index, x1, y1, x2, y2 in pixels.
        output_size: side of the crops.

    Returns:
        (n, C, output_size, output_size) without gradient to the boxes.
    """
    height, width = images.shape[-2:]
    index = rois[:, 0].long()[:, None, None]
    columns = _sample_places(rois[:, 1], rois[:, 3], output_size, width)
    rows = _sample_places(rois[:, 2], rois[:, 4], output_size, height)
    x_low, x_high, x_weight = (part[:, None, :] for part in columns)
    y_low, y_high, y_weight = (part[:, :, None] for part in rows)
    x_weight, y_weight = (w[..., None].to(images) for w in (x_weight, y_weight))
    pixels = images.permute(0, 2, 3, 1)
    top = torch.lerp(
        pixels[index, y_low, x_low], pixels[index, y_low, x_high], x_weight
    )
    bottom = torch.lerp(
        pixels[index, y_high, x_low], pixels[index, y_high, x_high], x_weight
    )
    return torch.lerp(top, bottom, y_weight).permute(0, 3, 1, 2)


def _sample_places(
    low: Tensor, high: Tensor, count: int, size: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Two pixels (n, count) each, and the weight of the second, along one axis.

    Args:
        low: first coordinate (n,) of the boxes.
        high: last coordinate (n,).
        count: samples of a box, at the centres of equal parts of it.
        size: pixels of the image.
    """
    first = low.detach().floor().clamp(0, size - 1)
    last = torch.maximum((high.detach().ceil() - 1).clamp(0, size - 1), first)
    steps = (torch.arange(count, device=low.device, dtype=low.dtype) + 0.5) / count
    # The centre of pixel i lies at i + 0.5.
    places = low[:, None] + (high - low)[:, None] * steps - 0.5
    places = torch.clamp(places.detach(), first[:, None], last[:, None])
    before = places.floor()
    after = torch.minimum(before + 1, last[:, None])
    return before.long(), after.long(), places - before


@MODELS.register_module()
class CropRefiner(BoxRefiner):
    """Classifies crops of the input image: DCR V1 (arXiv 1810.04002), sec. 4.2.

    It shares nothing with the detector, and sees nothing outside the boxes. Learning
    ten times faster in the last layer (sec. 4.5.1) is up to the optimizer:
    ``paramwise_cfg=dict(custom_keys={'refiner.fc_cls': dict(lr_mult=10)})``.

    Args:
        backbone: classification network; its last output is averaged over the crop.
        in_channels: of that output.
        crop_size: side of the crops in pixels (Table 1d).
        chunk_size: crops at once at test time, which bounds the memory.
        input_mean: of each channel, which the images lack that the backbone was trained
            with. The detector's, of whatever normalisation, are brought to this one.
        input_std: what those images are divided by, of each channel.
        input_rgb: the order of their channels, False for BGR.
        **kwargs: as ``BoxRefiner`` takes them.
    """

    def __init__(
        self,
        backbone: ConfigType,
        *,
        in_channels: int = 2048,
        crop_size: int = 224,
        chunk_size: int | None = 32,
        input_mean: Sequence[float] = (123.675, 116.28, 103.53),
        input_std: Sequence[float] = (58.395, 57.12, 57.375),
        input_rgb: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(in_channels, chunk_size=chunk_size, **kwargs)
        self.backbone = MODELS.build(backbone)
        self.crop_size = crop_size
        self.input_norm = (input_mean, input_std, input_rgb)
        self.image_norm_change: nn.Module = nn.Identity()

    def read_images_of(self, preprocessor: BaseDataPreprocessor) -> None:
        """See ``BoxRefiner``."""
        self.image_norm_change = ImageNormChange(preprocessor, *self.input_norm)

    def image_feats(self, inputs: RefinerInputs) -> Tensor:
        """The images (B, 3, H, W), normalised for the backbone."""
        return self.image_norm_change(inputs.images)

    def box_feats(self, image_feats: Tensor, rois: Tensor) -> Tensor:
        """Average (n, in_channels) of the backbone's last map over each crop."""
        crops = crop_and_resize(image_feats, rois, self.crop_size)
        return self.backbone(crops)[-1].mean(dim=(2, 3))
