"""Data sets and data formats beyond those of MMDetection."""

from .folders import COCOFolderDataset, VOCFolderDataset, YOLODataset
from .shapes.dataset import ShapesDataset

__all__ = ['COCOFolderDataset', 'ShapesDataset', 'VOCFolderDataset', 'YOLODataset']
