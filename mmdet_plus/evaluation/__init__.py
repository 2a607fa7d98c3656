"""Metrics beyond those of MMDetection."""

from .uavdt_metric import UAVDTMetric

__all__ = ['UAVDTMetric']
