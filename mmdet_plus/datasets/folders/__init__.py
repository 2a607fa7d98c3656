"""Folders of labelled images: recognised, read as COCO's content, used as datasets."""

from .coco import COCOFolderDataset
from .recognition import DataFolder, recognise
from .voc import VOCFolderDataset
from .yolo import YOLODataset

__all__ = [
    'COCOFolderDataset',
    'DataFolder',
    'VOCFolderDataset',
    'YOLODataset',
    'recognise',
]
