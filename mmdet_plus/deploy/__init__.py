"""Detectors without this package: ONNX graphs, and what runs them.

``OnnxDetector`` needs NumPy, Pillow and onnxruntime only. ``exporting`` and ``forms``
need PyTorch and MMDetection.
"""

from .onnx_detector import OnnxDetector

__all__ = ['OnnxDetector']
