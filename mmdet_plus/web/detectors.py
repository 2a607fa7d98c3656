"""Detectors of the page: of the zoo, own checkpoints and ONNX files, all alike."""

import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.visualization.palette import get_palette
from mmengine.dataset import pseudo_collate
from pycocotools import mask as coco_mask

from ..analysis.explanation import (
    Explanation,
    Question,
    UnexplainedError,
    can_explain,
    explain_box,
)
from ..analysis.inference_cost.profiling import watch_parts
from ..analysis.inference_cost.timing import now
from ..apis import DetInferencer
from ..deploy import OnnxDetector
from ..deploy.detections import Detections
from ..errors import UserError
from ..zoo.file_checks import WEIGHT_SUFFIXES

MOST = 100  # detections of an image


class Finding(NamedTuple):
    """What a detector found in an image, and how long each step took."""

    detections: Detections
    """Without masks, which are large."""
    masks: list[dict] | None
    """Of each detection, run lengths as COCO writes them."""
    seconds: dict[str, float]


class PageDetector(ABC):
    """A detector with the names and colours of its classes."""

    class_names: list[str]
    palette: list[list[int]]
    explains = False
    """Whether ``explain`` can tell something."""

    @abstractmethod
    def detect(self, image: np.ndarray) -> Finding:
        """Detect objects in an image (h, w, 3) uint8 RGB."""

    def explain(
        self, image: np.ndarray, detections: Detections, row: int
    ) -> Explanation:
        """Why there is the detection ``row``.

        Raises:
            UnexplainedError: nothing can be told of it.
        """
        raise UnexplainedError('an exported model does not show what it does inside')


class TorchDetector(PageDetector):
    """A detector in PyTorch.

    Args:
        model: name in the zoo, path of a config, or None for that in ``weights``.
        weights: path of a checkpoint; None for a model of the zoo.
        device: such as ``cuda:0``; None for the best there is.
        unsafe_load: see ``DetInferencer``.
    """

    def __init__(
        self,
        model: str | None,
        weights: str | None = None,
        *,
        device: str | None = None,
        unsafe_load: bool = False,
    ) -> None:
        self._inferencer = DetInferencer(
            model, weights, device, unsafe_load=unsafe_load, show_progress=False
        )
        self._model = self._inferencer.model
        self._device = next(self._model.parameters()).device
        meta = self._inferencer.visualizer.dataset_meta
        self.class_names = [str(name) for name in meta['classes']]
        palette = meta.get('palette') or 'random'
        if len(palette) < len(self.class_names) and not isinstance(palette, str):
            palette = 'random'  # of other classes
        colours = get_palette(palette, len(self.class_names))
        self.palette = [list(colour) for colour in colours]
        self.explains = can_explain(self._model)

    def detect(self, image: np.ndarray) -> Finding:
        """See ``PageDetector``; times are those of the model's parts."""
        start = now(self._device)
        item = self._item(image)
        seconds = dict(prepare=now(self._device) - start)
        with watch_parts(self._model, self._device) as costs, torch.no_grad():
            (sample,) = self._model.test_step(pseudo_collate([item]))
            found = sample.pred_instances.cpu()
        total = now(self._device) - start
        seconds |= {name: cost.seconds for name, cost in costs.items() if cost.calls}
        seconds['rest'] = max(total - sum(seconds.values()), 0.0)
        return finding_of(
            Detections(
                found.bboxes.numpy(),
                found.scores.numpy(),
                found.labels.numpy(),
                None if 'masks' not in found else np.asarray(found.masks, bool),
            ),
            seconds,
        )

    def explain(
        self, image: np.ndarray, detections: Detections, row: int
    ) -> Explanation:
        """See ``PageDetector``."""
        question = Question(
            self._model,
            self._item(image),
            image,
            detections.boxes[row],
            int(detections.labels[row]),
            float(detections.scores[row]),
            self.class_names,
        )
        return explain_box(question)

    def _item(self, image: np.ndarray) -> dict[str, Any]:
        return self._inferencer.pipeline(np.ascontiguousarray(image[..., ::-1]))


class OnnxFile(PageDetector):
    """A file that ``tools/export.py`` wrote."""

    def __init__(self, path: str) -> None:
        self._detector = OnnxDetector(path)
        self.class_names = self._detector.class_names
        self.palette = self._detector.info.palette

    def detect(self, image: np.ndarray) -> Finding:
        """See ``PageDetector``."""
        start = time.perf_counter()
        found = self._detector(image)
        seconds = {'prepare and network': time.perf_counter() - start}
        return finding_of(found, seconds)


class Shelf:
    """The detectors that were asked for, loaded when they are first needed.

    Args:
        models: name in the zoo, ``CHECKPOINT``, ``CONFIG=CHECKPOINT`` or ``FILE.onnx``.
        device: of those in PyTorch.
        unsafe_load: see ``DetInferencer``.

    Raises:
        UserError: two of them have the same name, or one is no ONNX file.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        device: str | None = None,
        unsafe_load: bool = False,
    ) -> None:
        self._options: dict[str, Any] = dict(device=device, unsafe_load=unsafe_load)
        self._models = {shown_name(model): model for model in models}
        if len(self._models) < len(models):
            raise UserError('two of the models have the same name')
        self._loaded: dict[str, PageDetector] = {}
        for name, model in self._models.items():
            if model.endswith('.onnx'):  # what it is shows only when it is opened
                self._loaded[name] = _open_onnx(model)

    @property
    def names(self) -> list[str]:
        """As the page shows them, without folders."""
        return list(self._models)

    def __getitem__(self, name: str) -> PageDetector:
        if name not in self._loaded:
            self._loaded[name] = self._load(self._models[name])
        return self._loaded[name]

    def _load(self, model: str) -> PageDetector:
        config, equals, weights = model.partition('=')
        if equals:
            return TorchDetector(config, weights, **self._options)
        if Path(model).suffix in WEIGHT_SUFFIXES:
            return TorchDetector(None, model, **self._options)
        return TorchDetector(model, **self._options)


def _open_onnx(path: str) -> OnnxFile:
    try:
        return OnnxFile(path)
    except ValueError as error:
        raise UserError(f'--model: {error}') from error


def shown_name(model: str) -> str:
    """The name of a model, see ``Shelf``: its file with the folder, or the zoo's."""
    path = Path(model.rpartition('=')[2])
    return f'{path.parent.name}/{path.name}' if path.parent.name else path.name


def finding_of(found: Detections, seconds: dict[str, float]) -> Finding:
    """The surest detections, their masks packed."""
    best = np.argsort(-found.scores, kind='stable')[:MOST]
    packed = None
    if found.masks is not None:
        packed = [_pack(found.masks[row]) for row in best]
    kept = Detections(found.boxes[best], found.scores[best], found.labels[best])
    return Finding(kept, packed, seconds)


def _pack(mask: np.ndarray) -> dict:
    code = coco_mask.encode(np.asfortranarray(mask, np.uint8))
    return dict(size=[*mask.shape], counts=code['counts'].decode())


def unpack(masks: list[dict]) -> np.ndarray:
    """Masks (n, h, w) bool of their run lengths, n > 0."""
    return np.stack([coco_mask.decode(mask).astype(bool) for mask in masks])
