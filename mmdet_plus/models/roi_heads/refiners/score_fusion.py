"""Which boxes a refiner looks at, and what becomes of the two scores of a box."""

import math

import torch
from torch import Tensor

from ..score_fusion import fuse_scores

FUSION_MODES = ('multiply', 'average', 'refiner_only')


def fuse_refined(base: Tensor, refined: Tensor, mode: str) -> Tensor:
    """Fuse the detector's scores with the refiner's, element by element.

    DCR (arXiv 1810.04002), sec. 4.2: the product. The other modes are rows of Table 3d.

    Args:
        base: scores of the detector, of any shape, in [0, 1].
        refined: scores of the refiner, of the same shape, in [0, 1].
        mode: one of ``FUSION_MODES``.

    Returns:
        Scores of that shape, in [0, 1]. Products do not sum to one over the classes.
    """
    if mode == 'multiply':
        return base * refined
    if mode == 'average':
        return fuse_scores(base, refined, 'average')
    if mode == 'refiner_only':
        return refined
    raise ValueError(f'fusion must be one of {", ".join(FUSION_MODES)}, got {mode!r}')


def top_indices(scores: Tensor, top_p: float) -> Tensor:
    """Indices, rising, of the fraction of boxes with the best scores.

    "Top-sampling" of DCR V2 (arXiv 1810.04002), sec. 4.3.

    Args:
        scores: best foreground scores (n,).
        top_p: fraction in [0, 1]; a started box counts.

    Returns:
        (ceil(top_p * n),) indices; all of them, in order, for ``top_p=1``.
    """
    # Rounded first: 0.07 * 100 is 7.000000000000001.
    count = math.ceil(round(top_p * len(scores), 6))
    if count == len(scores):
        return torch.arange(count, device=scores.device)
    return scores.topk(count).indices.sort().values


def check_fusion(mode: str, top_p: float) -> None:
    """Raise ``ValueError`` for a mode or a fraction that does not exist."""
    if mode not in FUSION_MODES:
        known = ', '.join(FUSION_MODES)
        raise ValueError(f'fusion must be one of {known}, got {mode!r}')
    if not 0 <= top_p <= 1:
        raise ValueError(f'top_p must be a fraction in [0, 1], got {top_p}')
