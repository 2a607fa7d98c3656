from .coders import (
    ClampedDeltaXYWHBBoxCoder,
    DenseLocalBBoxCoder,
    PixelDeltaXYWHBBoxCoder,
)
from .prior_generators import DetectronAnchorGenerator
from .samplers import HardFalsePositiveSampler

__all__ = [
    'ClampedDeltaXYWHBBoxCoder',
    'DenseLocalBBoxCoder',
    'DetectronAnchorGenerator',
    'HardFalsePositiveSampler',
    'PixelDeltaXYWHBBoxCoder',
]
