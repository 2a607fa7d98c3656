from .coders import ClampedDeltaXYWHBBoxCoder, DenseLocalBBoxCoder
from .samplers import HardFalsePositiveSampler

__all__ = [
    'ClampedDeltaXYWHBBoxCoder',
    'DenseLocalBBoxCoder',
    'HardFalsePositiveSampler',
]
