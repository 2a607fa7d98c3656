from .one_value_norm import OneValueBatchNorm1d, OneValueBatchNorm2d, one_value_norm

__all__ = ['OneValueBatchNorm1d', 'OneValueBatchNorm2d', 'one_value_norm']
