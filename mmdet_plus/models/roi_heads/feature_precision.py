"""Which precision RoI features are taken in."""

import torch
from torch import Tensor


def without_bfloat16(feats: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    """bfloat16 levels as float32, for which mmcv's RoIAlign has a kernel."""
    return tuple(f.float() if f.dtype == torch.bfloat16 else f for f in feats)
