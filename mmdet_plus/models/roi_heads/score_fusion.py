"""Ways to make one score of the scores that several classifiers give the same box."""

import torch
from torch import Tensor

HEAD_FUSIONS = ('max', 'average', 'complementary')
REFINER_FUSIONS = ('multiply', 'average', 'refiner_only')


def fuse_heads(first: Tensor, second: Tensor, mode: str) -> Tensor:
    """Fuse the scores of two heads, element by element.

    ``'complementary'`` is a + b (1 - a), Eq. 4 of Double-Head R-CNN (arXiv 1904.06493):
    each classifier adds what the other leaves of the way to one.

    Args:
        first: scores of any shape, in [0, 1].
        second: of the same shape, in [0, 1].
        mode: one of ``HEAD_FUSIONS``.

    Returns:
        Scores of that shape, in [0, 1]; symmetric in both. Over classes they need not
        sum to one.
    """
    check_fusion(mode, HEAD_FUSIONS)
    if mode == 'max':
        return torch.maximum(first, second)
    if mode == 'average':
        return (first + second) / 2
    return first + second * (1 - first)


def fuse_refined(base: Tensor, refined: Tensor, mode: str) -> Tensor:
    """Fuse the detector's scores with the refiner's, element by element.

    DCR (arXiv 1810.04002), sec. 4.2: the product. The other modes are rows of Table 3d.

    Args:
        base: scores of the detector, of any shape, in [0, 1].
        refined: scores of the refiner, of the same shape, in [0, 1].
        mode: one of ``REFINER_FUSIONS``.

    Returns:
        Scores of that shape, in [0, 1]. Products do not sum to one over the classes.
    """
    check_fusion(mode, REFINER_FUSIONS)
    if mode == 'multiply':
        return base * refined
    if mode == 'average':
        return (base + refined) / 2
    return refined


def fuse_cascade(
    cls_scores: Tensor, ious: Tensor | None, rsm_scores: Tensor | None, gamma: float
) -> Tensor:
    """Fuse the scores of CPM R-CNN (arXiv 2003.03570), Eq. 4.

    Args:
        cls_scores: (n,) in [0, 1] of the classification branch.
        ious: (n,) in [0, 1] of the IoU scoring module; None counts as 1.
        rsm_scores: (n,) in [0, 1] of the resampling scoring module; with None, gamma
            counts as 1.
        gamma: weight of the first two, in [0, 1].

    Returns:
        (n,) in [0, 1].
    """
    scores = cls_scores if ious is None else cls_scores * ious
    if rsm_scores is None:
        return scores
    return scores**gamma * rsm_scores ** (1 - gamma)


def check_fusion(mode: str, modes: tuple[str, ...]) -> None:
    """Raise ``ValueError`` for a mode that is not among ``modes``."""
    if mode not in modes:
        raise ValueError(f'fusion must be one of {", ".join(modes)}, got {mode!r}')
