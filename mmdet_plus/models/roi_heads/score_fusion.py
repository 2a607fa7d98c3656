"""Ways to make one score of the scores that two classifiers give the same box."""

import torch
from torch import Tensor

FUSION_MODES = ('max', 'average', 'complementary')


def fuse_scores(first: Tensor, second: Tensor, mode: str) -> Tensor:
    """Fuse the scores of two classifiers, element by element.

    ``'complementary'`` is a + b (1 - a), Eq. 4 of Double-Head R-CNN (arXiv 1904.06493):
    each classifier adds what the other leaves of the way to one.

    Args:
        first: scores of any shape, in [0, 1].
        second: of the same shape, in [0, 1].
        mode: one of ``FUSION_MODES``.

    Returns:
        Scores of that shape, in [0, 1]; symmetric in both. Over classes they need not
        sum to one.
    """
    if mode == 'max':
        return torch.maximum(first, second)
    if mode == 'average':
        return (first + second) / 2
    if mode == 'complementary':
        return first + second * (1 - first)
    raise ValueError(f'mode must be one of {", ".join(FUSION_MODES)}, got {mode!r}')
