"""Metrics beyond those of MMDetection."""

from .folder_coco_metric import FolderCocoMetric
from .uavdt_metric import UAVDTMetric

__all__ = ['FolderCocoMetric', 'UAVDTMetric']
