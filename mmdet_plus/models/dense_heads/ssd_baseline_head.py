"""SSD's head as a baseline."""

from mmdet.models.dense_heads import SSDHead
from mmdet.registry import MODELS


@MODELS.register_module()
class SSDBaselineHead(SSDHead):
    """``SSDHead`` that can predict.

    MMDetection 3.3's ``BaseDenseHead`` asks ``loss_cls`` for an activation of its own,
    and ``SSDHead`` sets no ``loss_cls``: its prediction fails with ``AttributeError``.
    """

    loss_cls = None
