"""Masks of boxes: as masks of whole images, and as COCO writes them."""

import numpy as np

Array = np.ndarray


def paste_masks(
    probabilities: Array, boxes: Array, size: tuple[int, int], threshold: float
) -> Array:
    """Masks of an image, as MMDetection pastes them.

    Args:
        probabilities: (n, h, w) of the pixels of a grid over each box.
        boxes: (n, 4) xyxy in pixels of the image.
        size: height and width of the image.
        threshold: a pixel belongs to a mask if its probability is at least this.

    Returns:
        (n, height, width) bool.
    """
    height, width = size
    masks = np.zeros((len(boxes), height, width), bool)
    for mask, own, box in zip(masks, probabilities, boxes, strict=True):
        left, top = (max(int(np.floor(side)) - 1, 0) for side in box[:2])
        right, bottom = (int(np.ceil(side)) + 1 for side in box[2:])
        columns = np.arange(left, min(right, width))
        rows = np.arange(top, min(bottom, height))
        if len(columns) == 0 or len(rows) == 0:
            continue
        across = _interpolation(columns, box[0], box[2], own.shape[1])
        down = _interpolation(rows, box[1], box[3], own.shape[0])
        pasted = down @ own.astype(np.float32) @ across.T
        mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1] = pasted >= threshold
    return masks


def _interpolation(pixels: Array, low: float, high: float, cells: int) -> Array:
    """Bilinear weights (pixels, cells) of the cells between low and high."""
    extent = high - low
    if extent > 0:
        places = (pixels + np.float32(0.5) - low) / extent * cells - 0.5
    else:  # the middle, as MMDetection
        places = np.full(len(pixels), cells / 2 - 0.5)
    distances = np.abs(places[:, None] - np.arange(cells))
    return np.maximum(1 - distances, 0).astype(np.float32)


def encode_mask(mask: Array) -> dict:
    """A mask (h, w) as COCO's compressed run lengths: ``size`` and ``counts``."""
    flat = np.concatenate([[False], mask.T.reshape(-1), [False]])
    changes = np.flatnonzero(flat[1:] != flat[:-1])
    runs = np.diff(np.concatenate([[0], changes]))
    rest = mask.size - int(runs.sum())
    counts = [*runs.tolist(), rest] if rest > 0 or len(runs) == 0 else runs.tolist()
    return dict(size=[*mask.shape], counts=_compress(counts))


def _compress(counts: list[int]) -> str:
    """Run lengths as text: differences in groups of five bits (COCO's ``rleToString``).

    From the fourth on, a run is written as its difference to the last but one.
    """
    characters = []
    for place, count in enumerate(counts):
        value = count - counts[place - 2] if place > 2 else count
        more = True
        while more:
            bits = value & 31
            value >>= 5
            more = value != -1 if bits & 16 else value != 0
            characters.append(chr(bits + 32 * more + 48))
    return ''.join(characters)
