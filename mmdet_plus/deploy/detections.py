"""What a detector finds in an image."""

from typing import Any, NamedTuple

import numpy as np

from .masks import encode_mask

Array = np.ndarray


class Detections(NamedTuple):
    """n detections of an image, by falling score."""

    boxes: Array
    """(n, 4) float32 xyxy in pixels of the image."""
    scores: Array
    """(n,) float32 in [0, 1]."""
    labels: Array
    """(n,) int64, places in the model's ``class_names``."""
    masks: Array | None = None
    """(n, height, width) bool; None of a model without masks."""
    mask_scores: Array | None = None
    """(n,) float32, by which masks rank, of a model that scores them."""

    def to_json(self) -> dict[str, Any]:
        """As ``tools/image_demo.py`` writes them: masks as COCO's run lengths."""
        content: dict[str, Any] = dict(
            labels=self.labels.tolist(),
            scores=self.scores.tolist(),
            bboxes=self.boxes.tolist(),
        )
        if self.masks is not None:
            content['masks'] = [encode_mask(mask) for mask in self.masks]
        return content
