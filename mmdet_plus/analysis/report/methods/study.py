"""How a study watches a detector: by calls of its public methods."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from mmdet.datasets import BaseDetDataset
from mmdet.models.detectors import BaseDetector
from torch import Tensor, nn

from ..data_sets import DataSet
from ..detections import Detections, arrange
from ..evaluation import Evaluation
from ..parts import Section


@dataclass
class Batch:
    """The images that the detector looks at just now."""

    samples: list = field(default_factory=list)

    @property
    def metas(self) -> list[dict]:
        """Of each image: ``img_id``, ``scale_factor`` and more."""
        return [sample.metainfo for sample in self.samples]


@dataclass
class FinishedTest:
    """What there is when the test is over."""

    model: BaseDetector
    dataset: BaseDetDataset
    data: DataSet
    evaluation: Evaluation
    """Of the boxes."""


class Study(ABC):
    """One question about a method."""

    @staticmethod
    @abstractmethod
    def suits(model: BaseDetector) -> bool:
        """Whether the detector has the parts that the study looks at."""

    def watch(self, model: BaseDetector, batch: Batch, stack: ExitStack) -> None:  # noqa: B027
        """Begin to listen; what is entered into the stack ends with the test."""

    @abstractmethod
    def section(self, tested: FinishedTest) -> Section:
        """What was seen."""


@contextmanager
def watch_batches(model: BaseDetector) -> Iterator[Batch]:
    """Know the images of each call of the model."""
    batch = Batch()

    def remember(_: nn.Module, args: tuple, kwargs: dict) -> None:
        samples = kwargs.get('data_samples', args[1] if len(args) > 1 else None)
        batch.samples = list(samples or ())

    handle = model.register_forward_pre_hook(remember, with_kwargs=True)
    try:
        yield batch
    finally:
        handle.remove()


class Boxes:
    """Boxes with scores that arrive image by image, in pixels of the network input."""

    def __init__(self, max_per_img: int = 1000) -> None:
        self.max_per_img = max_per_img
        self._parts: list[tuple[Any, np.ndarray, np.ndarray, np.ndarray]] = []

    def add(
        self, meta: dict, bboxes: Tensor, scores: Tensor, labels: Tensor | None = None
    ) -> None:
        """Add boxes (n, 4) xyxy, their scores (n,) and, if they have any, labels."""
        best = scores.argsort(descending=True)[: self.max_per_img]
        own = torch.zeros_like(best) if labels is None else labels[best]
        factors = bboxes.new_tensor(meta.get('scale_factor', (1.0, 1.0))).repeat(2)
        values = bboxes[best] / factors, scores[best], own
        arrays = [value.detach().cpu().numpy() for value in values]
        self._parts.append((meta['img_id'], arrays[0], arrays[1], arrays[2]))

    def arranged(self, data: DataSet, *, with_labels: bool = False) -> Detections:
        """All of them as detections; of one class if they have no labels."""
        names = [name for name, *_ in self._parts]
        counts = [len(scores) for _, _, scores, _ in self._parts]
        empty = np.zeros((0, 4)), np.zeros(0), np.zeros(0, int)
        bboxes, scores, labels = (
            np.concatenate([none, *(part[i] for part in self._parts)])
            for i, none in enumerate(empty, start=1)
        )
        images = np.repeat([data.places[name] for name in names], counts).astype(int)
        bboxes = np.concatenate([bboxes[:, :2], bboxes[:, 2:] - bboxes[:, :2]], axis=1)
        labels = labels.astype(int)
        if with_labels:
            labels = data.truth.file_order[labels]
            return arrange(images, labels, scores.astype(float), bboxes)
        labels = np.zeros_like(labels)
        most = self.max_per_img
        return arrange(images, labels, scores, bboxes, max_per_image=most)
