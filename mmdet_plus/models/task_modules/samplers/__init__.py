from .hard_false_positive_sampler import HardFalsePositiveSampler

__all__ = ['HardFalsePositiveSampler']
