"""What an exported model says about itself, in the metadata of its file."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

PREFIX = 'mmdet_plus.'


class ModelInfo(NamedTuple):
    """Facts that whoever runs a model needs, beside its graph."""

    method: str
    """Types of the detector and, if it has one, of its RoI head."""
    config: str
    """Name of the config file."""
    version: str
    """Of the package that exported it."""
    class_names: list[str]
    palette: list[list[int]]
    """RGB of each class."""
    shape: list[int]
    """Height and width that images are resized to; see ``keep_ratio``."""
    keep_ratio: bool
    """Whether images keep their proportions: the short side is resized to the smaller
    number of ``shape``, or less where the long one would exceed the larger."""
    dynamic: bool
    """Whether the graph takes images of any size, or of ``shape`` only."""
    score_thr: float
    nms: dict[str, Any]
    max_detections: int
    mask_threshold: float
    """Probability above which a pixel belongs to a mask."""
    precision: str
    """``fp32`` or ``fp16``."""

    def to_metadata(self) -> dict[str, str]:
        """As an ONNX file can hold it: every value as JSON."""
        fields = self._asdict().items()
        return {f'{PREFIX}{name}': json.dumps(value) for name, value in fields}


def from_metadata(metadata: Mapping[str, str]) -> ModelInfo:
    """The facts in the metadata of a file.

    Raises:
        ValueError: if the file was not written by ``tools/export.py``.
    """
    missing = [name for name in ModelInfo._fields if PREFIX + name not in metadata]
    if missing:
        raise ValueError(
            f'the model has no {PREFIX}{missing[0]} in its metadata: it was not '
            'exported by mmdet_plus, or by another version of it'
        )
    fields = {name: json.loads(metadata[PREFIX + name]) for name in ModelInfo._fields}
    return ModelInfo(**fields)
