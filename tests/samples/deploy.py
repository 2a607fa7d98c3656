"""Facts about a model, images, and runs of a detector and of its form."""

import copy
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from torch import nn

from mmdet_plus.deploy.detections import Detections
from mmdet_plus.deploy.differences import Difference, add_image
from mmdet_plus.deploy.exporting import deploy_form
from mmdet_plus.deploy.image_preparation import ModelInput
from mmdet_plus.deploy.masks import paste_masks
from mmdet_plus.deploy.model_info import ModelInfo
from mmdet_plus.deploy.verification import detect_with_pytorch

CONFIGS = Path(__file__).parents[2] / 'configs'


def model_info(**changes) -> ModelInfo:
    facts = dict(
        method='FasterRCNN/StandardRoIHead',
        config='tiny',
        version='1',
        class_names=['square', 'disc'],
        palette=[[255, 0, 0], [0, 255, 0]],
        shape=[64, 64],
        keep_ratio=True,
        dynamic=False,
        score_thr=0.05,
        nms=dict(type='nms', iou_threshold=0.5),
        max_detections=100,
        mask_threshold=0.5,
        precision='fp32',
    )
    return ModelInfo(**{**facts, **changes})


def two_images(height: int = 64, width: int = 96) -> ModelInput:
    """Blocks of colours; the second image is smaller than the batch."""
    rng = np.random.default_rng(0)
    blocks = rng.integers(0, 256, (2, height // 8, width // 8, 3), dtype=np.uint8)
    images = blocks.repeat(8, axis=1).repeat(8, axis=2)
    sizes = np.array([[height, width], [height - 16, width - 24]])
    images[1, height - 16 :] = 0
    images[1, :, width - 24 :] = 0
    return ModelInput(images, sizes, sizes * 2)


def build(config: dict, seed: int = 0) -> nn.Module:
    """A detector with random weights whose scores differ."""
    init_default_scope('mmdet')
    torch.manual_seed(seed)
    model = MODELS.build(copy.deepcopy(config))
    model.init_weights()
    for name, parameter in model.named_parameters():
        if parameter.dim() > 1 and ('cls' in name or 'reg' in name):
            nn.init.normal_(parameter, std=0.05 if 'cls' in name else 0.02)
    return model.eval()


def run_form(model: nn.Module, inputs: ModelInput) -> dict[str, np.ndarray]:
    with torch.no_grad():
        outputs = deploy_form(model)(*map(torch.from_numpy, inputs))
    return {name: values.numpy() for name, values in outputs.items()}


def assert_form_equals_detector(
    model: nn.Module, inputs: ModelInput, max_detections: int = 100
) -> int:
    """Compare all detections of a batch; returns how many there are."""
    outputs = run_form(model, inputs)
    total = Difference()
    for image, expected in enumerate(detect_with_pytorch(model, inputs)):
        found = _found_in(outputs, image, inputs.original_sizes[image].tolist())
        assert (np.diff(found.scores) <= 0).all()
        assert (found.masks is None) == (expected.masks is None)
        assert (found.mask_scores is None) == (expected.mask_scores is None)
        total = add_image(total, str(image), expected, found, max_detections)
    assert total.is_equal, str(total)
    return total.num_detections


def _found_in(
    outputs: dict[str, np.ndarray], image: int, size: Sequence[int]
) -> Detections:
    own = outputs['image_ids'] == image
    rows = {name: values[own] for name, values in outputs.items()}
    masks = None
    if 'masks' in rows:
        masks = paste_masks(rows['masks'], rows['boxes'], (size[0], size[1]), 0.5)
    return Detections(
        rows['boxes'], rows['scores'], rows['labels'], masks, rows.get('mask_scores')
    )
