"""Metrics beyond those of MMDetection."""

from .folder_coco_metric import FolderCocoMetric
from .uavdt_metric import UAVDTMetric
from .voc_submission_metric import VOCSubmissionMetric

__all__ = ['FolderCocoMetric', 'UAVDTMetric', 'VOCSubmissionMetric']
