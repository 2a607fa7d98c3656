"""Whether an exported model finds what PyTorch finds."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from matplotlib import cbook
from mmdet.structures import DetDataSample
from torch import nn
from torch.nn import functional as F

from ..errors import UserError
from .detections import Detections
from .differences import Difference, add_image
from .image_preparation import ModelInput, common_depth, prepare, read_image
from .onnx_detector import OnnxDetector

NOISE, NUM_REPETITIONS = 1e-4, 6
IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}


def images_in(folder: str) -> list[Path]:
    """The images of a folder.

    Raises:
        UserError: if there is none.
    """
    if not Path(folder).is_dir():
        raise UserError(f'--verify: there is no folder {folder}')
    found = sorted(
        path for path in Path(folder).iterdir() if path.suffix.lower() in IMAGE_SUFFIXES
    )
    if not found:
        raise UserError(f'--verify: {folder} holds no image')
    return found


def sample_images() -> list[np.ndarray]:
    """A photograph that is on every machine with matplotlib, upright and turned."""
    path = cbook.get_sample_data('grace_hopper.jpg', asfileobj=False)
    photograph = read_image(str(path))
    return [photograph, photograph.transpose(1, 0, 2)[:, ::-1]]


def compare(
    detector: nn.Module, exported: OnnxDetector, images: Sequence[Any]
) -> Difference:
    """Run both on the same pixels, one image at a time, then two at once.

    Args:
        detector: that was exported, in evaluation mode.
        exported: its file.
        images: as ``OnnxDetector`` takes them.
    """
    total = Difference()
    limit = exported.info.max_detections
    for names, inputs in _batches(images, exported):
        expected = detect_with_pytorch(detector, inputs)
        repeat = partial(_repetitions, detector, inputs)
        for row, (name, found) in enumerate(
            zip(names, exported.detect(inputs), strict=True)
        ):
            total = add_image(
                total, name, expected[row], found, limit, partial(repeat, row)
            )
    return total


def _repetitions(detector: nn.Module, inputs: ModelInput, row: int) -> list[Detections]:
    """What PyTorch finds in an image of a batch with noise near that of rounding."""
    return [
        detect_with_pytorch(detector, inputs, noise_seed=seed)[row]
        for seed in range(NUM_REPETITIONS)
    ]


def _batches(
    images: Sequence[Any], exported: OnnxDetector
) -> Iterator[tuple[list[str], ModelInput]]:
    depth = common_depth(images)
    for start, image in enumerate(images):
        name = str(image) if isinstance(image, str | Path) else f'image {start}'
        yield [name], prepare([read_image(image, depth=depth)], exported.info)
    pair = [read_image(image, depth=depth) for image in images[:2]]
    if len(pair) == 2:
        yield ['the first of two at once', 'the second'], prepare(pair, exported.info)


def detect_with_pytorch(
    detector: nn.Module, inputs: ModelInput, noise_seed: int | None = None
) -> list[Detections]:
    """What a detector finds in prepared images; ``noise_seed`` adds a little noise."""
    model: Any = detector
    samples = [
        DetDataSample(
            metainfo=dict(
                img_shape=tuple(size),
                ori_shape=tuple(original),
                scale_factor=(size[1] / original[1], size[0] / original[0]),
            )
        )
        for size, original in zip(
            inputs.sizes.tolist(), inputs.original_sizes.tolist(), strict=True
        )
    ]
    with torch.no_grad():
        batch = model.data_preprocessor(
            dict(inputs=_pixels(inputs), data_samples=samples), False
        )
        images = _pad(model.data_preprocessor, batch['inputs'], inputs)
        if noise_seed is not None:
            generator = torch.Generator().manual_seed(noise_seed)
            noise = torch.randn(images.shape, generator=generator)
            images = images + NOISE * images.std() * noise
        found = model.predict(images, batch['data_samples'], rescale=True)
    return [_as_detections(sample.pred_instances) for sample in found]


def _pixels(inputs: ModelInput) -> list[torch.Tensor]:
    """BGR images (3, H_i, W_i), as pipelines give them."""
    pairs = zip(torch.from_numpy(inputs.images), inputs.sizes.tolist(), strict=True)
    return [
        image[:height, :width].permute(2, 0, 1).flip(0)
        for image, (height, width) in pairs
    ]


def _pad(preprocessor: Any, images: torch.Tensor, inputs: ModelInput) -> torch.Tensor:
    """Images (B, 3, H, W) padded to the size of the graph's input."""
    divisor = preprocessor.pad_size_divisor
    height, width = (-(-side // divisor) * divisor for side in inputs.images.shape[1:3])
    missing = (0, width - images.shape[3], 0, height - images.shape[2])
    return F.pad(images, missing, value=preprocessor.pad_value)


def _as_detections(instances: Any) -> Detections:
    def array(name: str) -> Any:
        return instances[name].cpu().numpy() if name in instances else None

    names = ('bboxes', 'scores', 'labels', 'masks', 'mask_scores')
    return Detections(*map(array, names))
