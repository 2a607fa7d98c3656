"""Reads segmentations before pycocotools does, which trusts what it is given."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

LEAST_NUMBERS = 6  # of a polygon: three corners
BITS, GOES_ON, SIGN = 5, 32, 16  # of a character of compressed counts
LONGEST = 7  # characters of a run length of 32 bits


def why_no_mask(segmentation: Any, image: Mapping[str, Any]) -> str | None:
    """What is wrong with a segmentation; None if nothing is.

    Args:
        segmentation: polygons [[x, y, x, y, ...], ...] or an RLE with ``size`` and
            ``counts``, in pixels of the image.
        image: with ``width`` and ``height``.
    """
    size = [image['height'], image['width']]
    if isinstance(segmentation, dict):
        return _why_no_runs(segmentation, size)
    if not isinstance(segmentation, list):
        return 'it is neither a list of polygons nor an RLE'
    reasons = (_why_no_polygon(polygon, max(size)) for polygon in segmentation)
    return next((reason for reason in reasons if reason), None)


def with_masks(annotations: Iterable[dict]) -> list[dict]:
    """The objects that have a mask, without polygons that are too short to be one.

    Args:
        annotations: not changed.
    """
    parts = [dict(a, segmentation=usable(a.get('segmentation'))) for a in annotations]
    return [item for item in parts if item['segmentation'] is not None]


def usable(segmentation: Any) -> Any:
    """A segmentation without polygons of less than three corners; None if none stay."""
    if isinstance(segmentation, list):
        segmentation = [part for part in segmentation if not _is_short(part)]
    return None if segmentation in (None, [], {}) else segmentation


def _is_short(polygon: Any) -> bool:
    is_list = isinstance(polygon, list)
    return is_list and (len(polygon) < LEAST_NUMBERS or len(polygon) % 2 == 1)


def _why_no_polygon(polygon: Any, reach: float) -> str | None:
    if not isinstance(polygon, list):
        return 'it is a list of numbers, not of polygons: write [[x, y, x, y, ...]]'
    if _is_short(polygon):
        return (
            f'a polygon of {len(polygon)} numbers; it needs an even number of them, '
            f'{LEAST_NUMBERS} at least'
        )
    try:
        is_finite = math.isfinite(sum(polygon))
    except (TypeError, OverflowError):
        is_finite = False
    if not is_finite:
        return 'a polygon with something that is no finite number'
    if min(polygon) < -reach or max(polygon) > 2 * reach:
        return 'a polygon that leaves the image by more than the size of the image'
    return None


def _why_no_runs(rle: Mapping[str, Any], size: list[int]) -> str | None:
    if rle.get('size') not in (size, tuple(size)):
        return f'an RLE of size {rle.get("size")} in an image of [height, width] {size}'
    counts = rle.get('counts')
    if isinstance(counts, str | bytes):
        runs = _run_lengths(counts.encode() if isinstance(counts, str) else counts)
    elif isinstance(counts, list) and all(type(run) is int for run in counts):
        runs = np.array(counts, object)
    else:
        runs = None
    if runs is None or not len(runs) or runs.min() < 0:
        return 'an RLE whose counts cannot be decoded'
    if runs.sum() != size[0] * size[1]:
        return f'an RLE whose counts fill {runs.sum()} of {size[0] * size[1]} pixels'
    return None


def _run_lengths(text: bytes) -> np.ndarray | None:
    """The run lengths of compressed counts; None if they are cut or of other signs.

    A number is written in groups of 5 bits, the lowest first, each a character from
    ``0`` on; from the fourth on it is the difference to the number two before.
    """
    codes = np.frombuffer(text, np.uint8).astype(np.int64) - ord('0')
    if not len(codes) or codes.min() < 0 or codes.max() >= 2 * GOES_ON:
        return None
    ends = np.flatnonzero((codes & GOES_ON) == 0)
    if not len(ends) or ends[-1] != len(codes) - 1:
        return None
    starts = np.concatenate([[0], ends[:-1] + 1])
    lengths = ends - starts + 1
    if lengths.max() > LONGEST:
        return None
    shifts = BITS * (np.arange(len(codes)) - np.repeat(starts, lengths))
    runs = np.add.reduceat((codes & (GOES_ON - 1)) << shifts, starts)
    runs -= np.where(codes[ends] & SIGN, 1 << (BITS * lengths), 0)
    runs[1::2] = np.cumsum(runs[1::2])
    runs[2::2] = np.cumsum(runs[2::2])
    return runs
