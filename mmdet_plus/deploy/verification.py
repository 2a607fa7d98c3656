"""Whether an exported model finds what PyTorch finds."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from matplotlib import cbook
from mmdet.structures import DetDataSample
from torch import nn
from torch.nn import functional as F

from ..errors import UserError
from .detections import Detections
from .image_preparation import ModelInput, prepare, read_image
from .onnx_detector import OnnxDetector

MAX_BOX_DIFFERENCE, MAX_SCORE_DIFFERENCE = 0.05, 1e-4
IMAGE_SUFFIXES = {'.jpg', '.jpeg', '.png', '.bmp', '.tif', '.tiff', '.webp'}


class Difference(NamedTuple):
    """Between two detectors, over some images."""

    num_images: int
    num_detections: int
    """Of PyTorch."""
    count_mismatches: list[str]
    """Images in which the numbers of detections differ."""
    unmatched: int
    """Detections without partner of the same class, other than at the cut-off."""
    boxes: float
    """Largest difference in pixels."""
    scores: float

    @property
    def is_equal(self) -> bool:
        """Whether the differences are within what rounding explains."""
        return (
            not self.count_mismatches
            and self.unmatched == 0
            and self.boxes <= MAX_BOX_DIFFERENCE
            and self.scores <= MAX_SCORE_DIFFERENCE
        )

    def __str__(self) -> str:
        text = (
            f'{self.num_images} images, {self.num_detections} detections: boxes differ '
            f'by at most {self.boxes:.2g} px, scores by {self.scores:.2g}'
        )
        if self.unmatched:
            text += f'; {self.unmatched} detections have no partner'
        if self.count_mismatches:
            names = ', '.join(self.count_mismatches[:3])
            text += f'; numbers of detections differ in {names}'
        return text


NOTHING = Difference(0, 0, [], 0, 0.0, 0.0)


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
    total = NOTHING
    for names, inputs in _batches(images, exported):
        pairs = zip(
            names,
            detect_with_pytorch(detector, inputs),
            exported.detect(inputs),
            strict=True,
        )
        for name, expected, found in pairs:
            total = add_image(
                total, name, expected, found, exported.info.max_detections
            )
    return total


def _batches(
    images: Sequence[Any], exported: OnnxDetector
) -> Iterator[tuple[list[str], ModelInput]]:
    for start, image in enumerate(images):
        name = str(image) if isinstance(image, str | Path) else f'image {start}'
        yield [name], prepare([read_image(image)], exported.info)
    pair = [read_image(image) for image in images[:2]]
    if len(pair) == 2:
        yield ['the first of two at once', 'the second'], prepare(pair, exported.info)


def detect_with_pytorch(detector: nn.Module, inputs: ModelInput) -> list[Detections]:
    """What a detector finds in prepared images, masks in their boxes left out."""
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
    return Detections(
        instances.bboxes.cpu().numpy(),
        instances.scores.cpu().numpy(),
        instances.labels.cpu().numpy(),
    )


def add_image(
    total: Difference,
    name: str,
    expected: Detections,
    found: Detections,
    max_detections: int,
) -> Difference:
    """Differences with those of one more image."""
    pairs, left_over = match(expected, found)
    counts = total.count_mismatches
    if len(expected.scores) != len(found.scores):
        counts = [*counts, name]
    boxes, scores = total.boxes, total.scores
    for row, partner in pairs:
        difference = np.abs(expected.boxes[row] - found.boxes[partner]).max()
        boxes = max(boxes, float(difference))
        difference = abs(expected.scores[row] - found.scores[partner])
        scores = max(scores, float(difference))
    # Of detections that score alike at the cut-off, rounding chooses.
    cut_off = expected.scores.min() if len(expected.scores) else 0.0
    is_full = len(expected.scores) >= max_detections
    unmatched = sum(
        not is_full or expected.scores[row] > cut_off + MAX_SCORE_DIFFERENCE
        for row in left_over
    )
    return Difference(
        total.num_images + 1,
        total.num_detections + len(expected.scores),
        counts,
        total.unmatched + unmatched,
        boxes,
        scores,
    )


def match(
    expected: Detections, found: Detections
) -> tuple[list[tuple[int, int]], list[int]]:
    """Pair detections of a class that lie within a pixel, the nearest first.

    Returns:
        Rows of ``expected`` and ``found``; rows of ``expected`` that are left over.
    """
    free = np.ones(len(found.scores), bool)
    pairs, left_over = [], []
    for row, (box, score) in enumerate(
        zip(expected.boxes, expected.scores, strict=True)
    ):
        possible = free & (found.labels == expected.labels[row])
        distances = np.abs(found.boxes - box).max(axis=1, initial=0)
        distances = distances + np.abs(found.scores - score)
        distances[~possible] = np.inf
        partner = int(distances.argmin()) if len(distances) else -1
        if partner < 0 or distances[partner] > 1:
            left_over.append(row)
        else:
            free[partner] = False
            pairs.append((row, partner))
    return pairs, left_over
