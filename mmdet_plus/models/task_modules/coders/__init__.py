from .dense_local_bbox_coder import DenseLocalBBoxCoder

__all__ = ['DenseLocalBBoxCoder']
