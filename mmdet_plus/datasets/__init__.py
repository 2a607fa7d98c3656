"""Data sets beyond those of MMDetection."""

from .shapes.dataset import ShapesDataset

__all__ = ['ShapesDataset']
