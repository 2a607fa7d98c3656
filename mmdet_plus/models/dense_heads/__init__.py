from .float32_rpn_head import Float32RPNHead

__all__ = ['Float32RPNHead']
