"""Which boxes a refiner looks at."""

import math

import torch
from torch import Tensor


def top_indices(scores: Tensor, top_p: float) -> Tensor:
    """Indices, rising, of the fraction of boxes with the best scores.

    "Top-sampling" of DCR V2 (arXiv 1810.04002), sec. 4.3.

    Args:
        scores: best foreground scores (n,).
        top_p: fraction in [0, 1]; a started box counts.

    Returns:
        (ceil(top_p * n),) indices; all of them, in order, for ``top_p=1``. Of boxes
        that score alike the first ones.
    """
    # Rounded first: 0.07 * 100 is 7.000000000000001.
    count = math.ceil(round(top_p * len(scores), 6))
    if count == len(scores):
        return torch.arange(count, device=scores.device)
    order = scores.sort(descending=True, stable=True).indices
    return order[:count].sort().values


def check_top_p(top_p: float) -> None:
    """Raise ``ValueError`` for a fraction that does not exist."""
    if not 0 <= top_p <= 1:
        raise ValueError(f'top_p must be a fraction in [0, 1], got {top_p}')
