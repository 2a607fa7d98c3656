"""What is asked of a detector, and what it answers."""

from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.models.detectors import BaseDetector
from mmdet.structures.bbox import bbox_overlaps
from mmengine.dataset import pseudo_collate
from torch import Tensor


class Question(NamedTuple):
    """Why a detector found a box in an image."""

    model: BaseDetector
    """In evaluation mode."""
    item: dict[str, Any]
    """The image as the test pipeline gives it: ``inputs`` and ``data_samples``."""
    image: np.ndarray
    """(h, w, 3) uint8 RGB, the same before the pipeline."""
    bbox: np.ndarray
    """(4,) xyxy in pixels of ``image``."""
    label: int
    """Place in ``class_names``."""
    score: float
    """Of the detection, in [0, 1]."""
    class_names: list[str]

    @property
    def scale_factor(self) -> Tensor:
        """(4,) from boxes of the image to boxes of the network input."""
        sample = self.item['data_samples']
        factor = torch.tensor(sample.metainfo.get('scale_factor', (1.0, 1.0)))
        return factor.float().repeat(2)

    @property
    def input_bbox(self) -> Tensor:
        """The box (4,) xyxy in pixels of the network input."""
        return torch.from_numpy(self.bbox).float() * self.scale_factor

    def batch(self) -> dict[str, Any]:
        """The image as the detector takes it."""
        return self.model.data_preprocessor(pseudo_collate([self.item]), False)

    def detect(self) -> None:
        """Run the detector once more, for those who listen."""
        batch = self.batch()
        self.model(batch['inputs'], batch['data_samples'], mode='predict')

    def nearest(self, bboxes: Tensor) -> int | None:
        """Which of boxes (n, 4) xyxy, network input, is the one asked about."""
        if len(bboxes) == 0:
            return None
        ious = bbox_overlaps(bboxes.cpu().float(), self.input_bbox[None])
        return int(ious.argmax())

    def in_image(self, bboxes: Tensor) -> np.ndarray:
        """Boxes (n, 4) xyxy of the network input in pixels of the image."""
        return (bboxes.detach().cpu().float() / self.scale_factor).numpy()


class Explanation(NamedTuple):
    """Where a box comes from."""

    text: str
    picture: bytes
    """A PNG file."""


class UnexplainedError(Exception):
    """A method that nothing can be shown of, or a box that nothing was kept of."""
