"""Boxes of a batch in two layouts: a fixed number of slots per image, or only those.

Suppression works image by image on slots, of which some are empty; networks work on the
boxes that are there, of all images.
"""

from typing import NamedTuple

import torch
from torch import Tensor


class Proposals(NamedTuple):
    """Boxes of B images in P slots each."""

    bboxes: Tensor
    """(B, P, 4) xyxy."""
    valid: Tensor
    """(B, P) bool, which slots hold a box."""


class Detections(NamedTuple):
    """Detections of B images in K slots each, by falling score, empty slots last."""

    bboxes: Tensor
    """(B, K, 4) xyxy."""
    scores: Tensor
    """(B, K) in [0, 1]."""
    labels: Tensor
    """(B, K)."""
    valid: Tensor
    """(B, K) bool, which slots hold a detection."""


class Packing(NamedTuple):
    """The way from slots to the boxes that are there, and back."""

    rows: Tensor
    """(n,) the slots that hold a box, of all B * K slots; at least one."""
    num_images: int
    num_slots: int

    @property
    def image_ids(self) -> Tensor:
        """(n,) the image of each box."""
        return self.rows // self.num_slots

    def pack(self, slots: Tensor) -> Tensor:
        """The rows (n, ...) of (B, K, ...)."""
        return slots.flatten(0, 1)[self.rows]

    def pack_detections(self, found: Detections) -> Detections:
        """The rows of detections, without their first dimension."""
        return Detections(*(self.pack(part) for part in found))

    def unpack(self, rows: Tensor) -> Tensor:
        """(B, K, ...) of rows (n, ...), zero in empty slots."""
        slots = rows.new_zeros(self.num_images * self.num_slots, *rows.shape[1:])
        filled = slots.index_copy(0, self.rows, rows)
        return filled.view(self.num_images, self.num_slots, *rows.shape[1:])

    def rois(self, bboxes: Tensor) -> Tensor:
        """RoIs (n, 5) of boxes (n, 4): with their image's number in front."""
        return torch.cat([self.image_ids[:, None].to(bboxes), bboxes], dim=1)


def packing_of(valid: Tensor) -> Packing:
    """The packing of the slots (B, K) that hold a box.

    Where no slot does, the first one counts as one that does: networks cannot all work
    on nothing. What comes of it is dropped with its slot in the end.
    """
    num_images, num_slots = valid.shape
    flat = valid.flatten()
    first = torch.arange(flat.shape[0], device=flat.device) == 0
    rows = (flat | (first & ~flat.any())).nonzero().squeeze(1)
    torch._check(rows.shape[0] >= 1)
    return Packing(rows, num_images, num_slots)
