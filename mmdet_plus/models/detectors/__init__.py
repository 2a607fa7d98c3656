from .dcr import FrozenBaseDCR, SharedBaseDCR
from .refinedet import RefineDet

__all__ = ['FrozenBaseDCR', 'RefineDet', 'SharedBaseDCR']
