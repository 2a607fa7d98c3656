from .floored_iou_loss import FlooredIoULoss

__all__ = ['FlooredIoULoss']
