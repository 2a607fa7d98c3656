from .detectron_anchor_generator import DetectronAnchorGenerator

__all__ = ['DetectronAnchorGenerator']
