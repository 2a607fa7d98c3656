"""An IoU loss whose gradient stays bounded where boxes hardly overlap."""

from typing import Literal

from mmdet.models.losses.utils import weighted_loss
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps
from torch import Tensor, nn


@weighted_loss
def floored_iou_loss(pred: Tensor, target: Tensor, floor: float) -> Tensor:
    """``-log(IoU)`` of aligned boxes (n, 4) xyxy; an IoU up to ``floor`` is raised."""
    ious = bbox_overlaps(pred, target, is_aligned=True)
    return -(ious + floor * (ious <= floor)).log()


@MODELS.register_module()
class FlooredIoULoss(nn.Module):
    """``-log(IoU)``, with ``floor`` added to an IoU that is not above it.

    The box loss of the released models of D2Det (CVPR 2020); the paper has no floor.
    The derivative by the IoU is at most ``1 / floor``, where that of ``IoULoss`` has no
    bound: a prediction that starts beside its object does not throw the training.

    Args:
        floor: above 0 and below 1.
        reduction: ``'none'``, ``'mean'`` or ``'sum'``.
        loss_weight: factor of the loss.
    """

    def __init__(
        self,
        floor: float = 0.1,
        *,
        reduction: Literal['none', 'mean', 'sum'] = 'mean',
        loss_weight: float = 1.0,
    ) -> None:
        super().__init__()
        if not 0 < floor < 1:
            raise ValueError(f'floor must be above 0 and below 1, got {floor}')
        self.floor = floor
        self.reduction = reduction
        self.loss_weight = loss_weight

    def forward(
        self,
        pred: Tensor,
        target: Tensor,
        weight: Tensor | None = None,
        avg_factor: float | None = None,
        reduction_override: str | None = None,
    ) -> Tensor:
        """Compute the loss.

        Args:
            pred: (n, 4) xyxy.
            target: (n, 4) xyxy, same frame.
            weight: (n,) of the boxes, or (n, 4), whose mean counts.
            avg_factor: what the sum is divided by for ``'mean'``, instead of n.
            reduction_override: replaces ``reduction``.

        Returns:
            A scalar, or (n,) for ``'none'``.
        """
        reduction = reduction_override or self.reduction
        if weight is not None and weight.dim() > 1:
            weight = weight.mean(-1)
        if reduction != 'none' and len(pred) == 0:
            return pred.sum() * 0
        return self.loss_weight * floored_iou_loss(
            pred,
            target,
            weight,
            floor=self.floor,
            reduction=reduction,
            avg_factor=avg_factor,
        )
