"""What heads that predict from tiled anchors share: layout, targets, mining, losses.

All tensors of a batch have the image first and its anchors second, level by level, row
by row, in the order of ``AnchorGenerator``: (B, N, ...).
"""

import warnings
from collections.abc import Sequence
from typing import NamedTuple

import torch
from mmdet.models.task_modules.assigners import BaseAssigner
from mmdet.models.task_modules.coders import BaseBBoxCoder
from mmdet.models.task_modules.prior_generators import AnchorGenerator
from mmdet.utils import InstanceList, OptInstanceList
from mmengine.structures import InstanceData
from torch import Tensor, nn

IGNORED = -1  # label of an anchor that is neither an object nor background


class Targets(NamedTuple):
    """What each anchor of a batch should predict.

    ``labels`` (B, N): a class, the number of classes for background, or ``IGNORED``.
    ``deltas`` (B, N, 4): encoded ground truth, zero where no object is assigned.
    """

    labels: Tensor
    deltas: Tensor


def flatten_levels(maps: Sequence[Tensor], num_values: int) -> Tensor:
    """Bring predictions of all levels into one float32 tensor, row by anchor.

    Args:
        maps: (B, A_i * num_values, H_i, W_i) of each level.
        num_values: values per anchor.

    Returns:
        (B, N, num_values), N = sum of A_i * H_i * W_i. Float32 because the losses and
        the decoding that follow are not safe in half precision.
    """
    rows = [
        level.permute(0, 2, 3, 1).reshape(len(level), -1, num_values) for level in maps
    ]
    return torch.cat(rows, dim=1).float()


def tiled_anchors(generator: AnchorGenerator, maps: Sequence[Tensor]) -> Tensor:
    """Anchors (N, 4) xyxy, pixels of the network input, not clipped, of all levels."""
    sizes = [level.shape[-2:] for level in maps]
    return torch.cat(
        generator.grid_priors(sizes, dtype=torch.float32, device=maps[0].device)
    )


def drop_degenerate(instances: InstanceData) -> InstanceData:
    """Ground truth whose boxes have width and height; warns if others were dropped."""
    bboxes = instances.bboxes
    valid = (bboxes[:, 2:] > bboxes[:, :2]).all(dim=1) & bboxes.isfinite().all(dim=1)
    if bool(valid.all()):
        return instances
    # One text, so that Python's filter shows it once and not in every iteration.
    warnings.warn('ground truth boxes without area are left out', stacklevel=2)
    return instances[valid]


def multibox_targets(
    anchors: Sequence[Tensor],
    batch_gt: InstanceList,
    batch_ignored: OptInstanceList,
    *,
    assigner: BaseAssigner,
    coder: BaseBBoxCoder,
    background: int,
) -> Targets:
    """Assign ground truth to the anchors of each image (RefineDet sec. 4).

    Args:
        anchors: (N, 4) xyxy of each image, pixels of the network input.
        batch_gt: ``bboxes`` (n, 4) xyxy of the same frame and ``labels`` (n,).
        batch_ignored: ignored regions of each image, or None.
        assigner: takes the anchors as ``priors``.
        coder: encodes ground truth against its anchor.
        background: label of anchors without object.
    """
    deltas = torch.zeros_like(torch.stack(list(anchors)))
    labels = deltas.new_full(deltas.shape[:2], background, dtype=torch.long)
    ignored = batch_ignored or [None] * len(batch_gt)
    for i, (instances, ignore) in enumerate(zip(batch_gt, ignored, strict=True)):
        gt = drop_degenerate(instances)
        assigned = assigner.assign(InstanceData(priors=anchors[i]), gt, ignore).gt_inds
        labels[i, assigned < 0] = IGNORED
        positive = assigned > 0
        owners = assigned[positive] - 1
        labels[i, positive] = gt.labels[owners]
        deltas[i, positive] = coder.encode(anchors[i][positive], gt.bboxes[owners])
    return Targets(labels, deltas)


def hard_negatives(losses: Tensor, negative: Tensor, wanted: Tensor) -> Tensor:
    """The negatives of each image with the highest losses (RefineDet sec. 4).

    Args:
        losses: (B, N) classification losses, finite, without gradient.
        negative: (B, N) bool, which anchors may be chosen.
        wanted: (B,) how many to choose at most.

    Returns:
        (B, N) bool, ``min(wanted, number of negatives)`` True values per image.
    """
    wanted = torch.minimum(wanted, negative.sum(dim=1))
    most = int(wanted.max())
    candidates = losses.masked_fill(~negative, -torch.inf)
    order = candidates.topk(most, dim=1).indices
    taken = torch.arange(most, device=losses.device) < wanted[:, None]
    return torch.zeros_like(negative).scatter(1, order, taken)


def multibox_losses(
    logits: Tensor,
    deltas: Tensor,
    targets: Targets,
    kept: Tensor | None,
    *,
    loss_cls: nn.Module,
    loss_bbox: nn.Module,
    neg_pos_ratio: float,
) -> tuple[Tensor, Tensor]:
    """One half of Eq. 1 of RefineDet: classification and box loss of one module.

    Args:
        logits: (B, N, C + 1), the background last.
        deltas: (B, N, 4).
        targets: what they should be.
        kept: (B, N) bool, which negatives may be chosen; None for all. Positives take
            part in any case: filtering is of negatives (sec. 3).
        loss_cls: of rows of logits, reduced by ``reduction_override``.
        loss_bbox: of offsets, with ``avg_factor``.
        neg_pos_ratio: negatives per positive, of each image.

    Returns:
        Two scalars, both over the number of positives; zero, with a gradient path, if
        there is none.
    """
    background = logits.shape[-1] - 1
    negative = targets.labels == background
    positive = ~negative & (targets.labels != IGNORED)
    if kept is not None:
        negative = negative & kept
    num_positives = positive.sum()
    if num_positives == 0:
        return logits.sum() * 0, deltas.sum() * 0
    labels = targets.labels.clamp(min=0).flatten()
    losses = loss_cls(logits.flatten(0, 1), labels, reduction_override='none')
    losses = losses.view_as(negative)
    wanted = (positive.sum(dim=1) * neg_pos_ratio).long()
    chosen = positive | hard_negatives(losses.detach(), negative, wanted)
    box_loss = loss_bbox(
        deltas[positive], targets.deltas[positive], avg_factor=num_positives
    )
    return losses[chosen].sum() / num_positives, box_loss
