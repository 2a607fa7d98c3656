from .coders import ClampedDeltaXYWHBBoxCoder, DenseLocalBBoxCoder

__all__ = ['ClampedDeltaXYWHBBoxCoder', 'DenseLocalBBoxCoder']
