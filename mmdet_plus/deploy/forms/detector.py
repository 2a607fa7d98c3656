"""What the forms of all detectors share: from pixels to detections."""

from collections.abc import Callable
from typing import Any

from torch import Tensor, nn

from .batch import Batch
from .packing import Detections, packing_of
from .registry import make_form


class DetectorForm(nn.Module):
    """From pixels to detections; derived ones detect in a prepared batch."""

    mask_outputs: tuple[str, ...] = ()
    """Names of the outputs beside boxes, scores, labels and image_ids."""

    def __init__(self, detector: Any, key: str) -> None:
        super().__init__()
        self.preprocessing = make_form(
            detector.data_preprocessor, f'{key}.data_preprocessor'
        )

    def forward(
        self, images: Tensor, sizes: Tensor, original_sizes: Tensor
    ) -> dict[str, Tensor]:
        """Detect in images.

        Args:
            images: (B, H, W, 3) uint8 RGB; each image at the top left.
            sizes: (B, 2) heights and widths of the images in ``images``.
            original_sizes: (B, 2) heights and widths before they were resized.

        Returns:
            Of all n detections, image by image: ``boxes`` (n, 4) xyxy in pixels of the
            original images, ``scores`` (n,), falling in each image, ``labels`` (n,) and
            ``image_ids`` (n,); for masks also ``masks`` (n, h, w), probabilities in
            the boxes.
        """
        return self.detect(self.preprocessing(images, sizes, original_sizes))

    def detect(self, batch: Batch) -> dict[str, Tensor]:
        """What :meth:`forward` returns, of prepared images."""
        raise NotImplementedError


def present(found: Detections) -> dict[str, Tensor]:
    """The outputs of a detector without masks."""
    rows = found.valid.flatten().nonzero().squeeze(1)
    return dict(
        boxes=found.bboxes.flatten(0, 1)[rows],
        scores=found.scores.flatten()[rows],
        labels=found.labels.flatten()[rows],
        image_ids=rows // found.scores.shape[1],
    )


def with_masks(
    masks: Callable, feats: tuple[Tensor, ...], found: Detections, batch: Batch
) -> dict[str, Tensor]:
    """The outputs of a detector with masks, of boxes of the network input."""
    packing = packing_of(found.valid)
    rows = packing.pack_detections(found)
    outputs = dict(
        boxes=batch.of(packing.image_ids).unscale(rows.bboxes),
        scores=rows.scores,
        labels=rows.labels,
        image_ids=packing.image_ids,
        **masks(feats, packing, rows),
    )
    present_rows = rows.valid.nonzero().squeeze(1)
    return {name: values[present_rows] for name, values in outputs.items()}
