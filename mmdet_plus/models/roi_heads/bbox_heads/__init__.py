from .dense_local_regression_head import DenseLocalRegressionHead
from .double_head_ext_bbox_head import DoubleHeadExtBBoxHead

__all__ = ['DenseLocalRegressionHead', 'DoubleHeadExtBBoxHead']
