from .dense_local_regression_head import DenseLocalRegressionHead

__all__ = ['DenseLocalRegressionHead']
