"""Training steps to measure, on images that are noise."""

import numpy as np
import torch
from mmdet.models.detectors import BaseDetector
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.mask import BitmapMasks
from mmengine.config import Config
from mmengine.logging import MMLogger
from mmengine.structures import InstanceData
from torch import Tensor

from .detectors import samples_for, without_pretraining

SMALLEST, LARGEST = 16, 160  # of the objects, in pixels


def build_for_training(cfg: Config) -> BaseDetector:
    """A detector of random weights, initialised as its config says but for weights
    that would be downloaded."""
    torch.manual_seed(0)
    model = MODELS.build(without_pretraining(cfg.model))
    MMLogger.get_current_instance().setLevel('WARNING')
    model.init_weights()
    return model.train()


def labelled_samples_for(
    inputs: Tensor, num_objects: int, num_classes: int, with_masks: bool
) -> SampleList:
    """Ground truth for images: boxes anywhere, of all classes, their masks full.

    Args:
        inputs: images (B, 3, H, W).
        num_objects: of each image.
        num_classes: without background.
        with_masks: whether to add masks.
    """
    height, width = inputs.shape[-2:]
    generator = torch.Generator().manual_seed(0)
    samples = samples_for(inputs)
    for sample in samples:
        sample.set_metainfo(
            dict(batch_input_shape=(height, width), pad_shape=(height, width))
        )
        corners = torch.rand(num_objects, 2, generator=generator)
        sizes = SMALLEST + torch.rand(num_objects, 2, generator=generator) * (
            LARGEST - SMALLEST
        )
        sizes = sizes.minimum(torch.tensor([width / 2, height / 2]))
        corners = corners * (torch.tensor([width, height]) - sizes)
        labels = torch.arange(num_objects) % num_classes
        sample.gt_instances = InstanceData(
            bboxes=torch.cat([corners, corners + sizes], dim=1).to(inputs.device),
            labels=labels.to(inputs.device),
        )
        if with_masks:
            sample.gt_instances.masks = _full_masks(
                sample.gt_instances.bboxes, height, width
            )
    return samples


def _full_masks(bboxes: Tensor, height: int, width: int) -> BitmapMasks:
    masks = np.zeros((len(bboxes), height, width), np.uint8)
    for mask, (left, top, right, bottom) in zip(
        masks, bboxes.int().tolist(), strict=True
    ):
        mask[top:bottom, left:right] = 1
    return BitmapMasks(masks, height, width)


def training_step(
    model: BaseDetector,
    optimizer: torch.optim.Optimizer,
    inputs: Tensor,
    samples: SampleList,
) -> float:
    """Loss, gradients and an update; returns the loss."""
    optimizer.zero_grad()
    loss, _ = model.parse_losses(model.loss(inputs, samples))
    loss.backward()
    optimizer.step()
    return float(loss)
