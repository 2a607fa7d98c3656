"""How a head's scores and features depend on where a proposal lies.

The analysis of "Rethinking Classification and Localization for Object Detection" (arXiv
1904.06493), sec. 3, as functions of tensors.
"""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

SIZE_GROUPS = ('small', 'medium', 'large')


def sliding_windows(
    gt_bboxes: Tensor, shifts: Sequence[float], scales: Sequence[float]
) -> Tensor:
    """Boxes of several sizes at a grid of places around each object (sec. 3.1).

    Args:
        gt_bboxes: (g, 4) xyxy.
        shifts: of the centre in x and in y, as fractions of the object's size.
        scales: of width and of height, as factors.

    Returns:
        (g, p, 4) xyxy, not clipped; p is the number of all pairs of shifts and scales.
    """
    grid = torch.cartesian_prod(
        *(gt_bboxes.new_tensor(values) for values in (shifts, shifts, scales, scales))
    )
    sizes = (gt_bboxes[:, 2:] - gt_bboxes[:, :2])[:, None]
    centres = (gt_bboxes[:, :2] + gt_bboxes[:, 2:])[:, None] / 2
    centres = centres + grid[:, :2] * sizes
    half_sizes = grid[:, 2:] * sizes / 2
    return torch.cat([centres - half_sizes, centres + half_sizes], dim=2)


def size_groups(areas: Tensor, small: float, medium: float) -> Tensor:
    """Index into ``SIZE_GROUPS`` of areas (g,): small below the first limit, and so on.

    Args:
        areas: in square pixels of the original image.
        small: areas below are small; COCO's limit is 32 ** 2.
        medium: areas below are medium, the others large; COCO's limit is 96 ** 2.
    """
    return (areas >= small).long() + (areas >= medium).long()


class RunningCorrelation:
    """Pearson correlation of two quantities that arrive in parts."""

    def __init__(self) -> None:
        self._sums = torch.zeros(5, dtype=torch.float64)
        self.count = 0

    def update(self, first: Tensor, second: Tensor) -> None:
        """Add observations (n,) of both."""
        x, y = first.double().cpu(), second.double().cpu()
        self._sums += torch.stack([v.sum() for v in (x, y, x * x, y * y, x * y)])
        self.count += len(x)

    def value(self) -> float:
        """The coefficient in [-1, 1]; nan where one of the two does not vary."""
        x, y, xx, yy, xy = (self._sums / max(self.count, 1)).tolist()
        spread = (xx - x * x, yy - y * y)
        # Below are differences that rounding leaves of equal numbers.
        if self.count < 2 or min(spread) < 1e-12:
            return float('nan')
        return (xy - x * y) / (spread[0] * spread[1]) ** 0.5


class RunningBins:
    """Mean and standard deviation of a quantity, by bins of another in [0, 1]."""

    def __init__(self, num_bins: int) -> None:
        self.num_bins = num_bins
        self._counts = torch.zeros(num_bins, dtype=torch.float64)
        self._sums = torch.zeros(2, num_bins, dtype=torch.float64)

    def update(self, places: Tensor, values: Tensor) -> None:
        """Add values (n,) to the bins of places (n,) in [0, 1]; 1 is in the last."""
        index = (places * self.num_bins).long().clamp(0, self.num_bins - 1).cpu()
        numbers = values.double().cpu()
        self._counts += torch.bincount(index, minlength=self.num_bins)
        for i, power in enumerate((numbers, numbers**2)):
            self._sums[i] += torch.bincount(index, power, self.num_bins)

    def rows(self) -> list[tuple[int, float, float]]:
        """Count, mean and standard deviation of each bin; nan where it is empty."""
        mean, square = self._sums / self._counts
        std = (square - mean**2).clamp(min=0).sqrt()
        return [
            (int(count), float(m), float(s))
            for count, m, s in zip(self._counts, mean, std, strict=True)
        ]


def fc_output_maps(roi_feats: Tensor, weight: Tensor) -> Tensor:
    """What each place of an RoI adds to the first fc layer (sec. 3.3).

    Args:
        roi_feats: (n, C, k, k).
        weight: (W, C * k * k) of the layer.

    Returns:
        (n, W, k, k); its sum over places is the layer's output without the bias.
    """
    by_place = weight.view(len(weight), *roi_feats.shape[1:])
    return torch.einsum('nchw,ochw->nohw', roi_feats, by_place)


def spatial_correlation(maps: Tensor) -> Tensor:
    """Cosine similarity between the places of each map (sec. 3.3).

    Args:
        maps: (n, C, h, w).

    Returns:
        (n, h * w, h * w) in [-1, 1].
    """
    vectors = F.normalize(maps.flatten(2), dim=1)
    return vectors.transpose(1, 2) @ vectors


def weight_correlation(weight: Tensor, side: int) -> Tensor:
    """The same between the parameters that the first fc layer has for each place.

    Args:
        weight: (W, C * side * side).
        side: of the RoI feature.

    Returns:
        (side ** 2, side ** 2).
    """
    by_place = weight.view(1, -1, side, side)
    return spatial_correlation(by_place)[0]
