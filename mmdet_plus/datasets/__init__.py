"""Data sets beyond those of MMDetection."""

from .shapes_dataset import ShapesDataset

__all__ = ['ShapesDataset']
