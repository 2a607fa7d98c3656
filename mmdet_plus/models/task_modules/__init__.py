from .coders import DenseLocalBBoxCoder

__all__ = ['DenseLocalBBoxCoder']
