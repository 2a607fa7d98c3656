"""What the training of several RoI heads shares."""

from collections.abc import Sequence

import torch
from mmdet.models.roi_heads import BaseRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.models.utils import unpack_gt_instances
from mmdet.structures import SampleList
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor


def sample_rois(
    roi_head: BaseRoIHead,
    feats: Sequence[Tensor],
    rpn_results_list: InstanceList,
    batch_data_samples: SampleList,
) -> list[SamplingResult]:
    """Assign proposals to ground truth and sample them, image by image.

    Args:
        roi_head: whose ``bbox_assigner`` and ``bbox_sampler`` are used.
        feats: feature levels (B, C, H_i, W_i), for samplers that look at them.
        rpn_results_list: proposals, with ``bboxes`` (n, 4) xyxy; left as they are.
        batch_data_samples: the ground truth.

    Returns:
        One result per image.
    """
    gt_instances, ignored, _ = unpack_gt_instances(batch_data_samples)
    results = []
    for i, (gt, ignore) in enumerate(zip(gt_instances, ignored, strict=True)):
        proposals = InstanceData(priors=rpn_results_list[i].bboxes)
        assigned = roi_head.bbox_assigner.assign(proposals, gt, ignore)
        own_feats = [level[i][None] for level in feats]
        results.append(
            roi_head.bbox_sampler.sample(assigned, proposals, gt, feats=own_feats)
        )
    return results


def fill_missing_cls_losses(
    losses: dict[str, Tensor], logits: Tensor
) -> dict[str, Tensor]:
    """The losses with ``loss_cls`` and ``acc``.

    MMDetection's heads leave these keys out when a batch has no RoI at all, and then
    the processes of a distributed training wait for each other.

    Args:
        losses: what the head returned.
        logits: its class logits, of which a zero loss keeps the graph.
    """
    nothing = logits.sum() * 0
    return dict(loss_cls=nothing, acc=nothing.detach()[None]) | losses


def draw_rows(*tensors: Tensor, limit: int) -> tuple[Tensor, ...]:
    """At most ``limit`` rows, the same of each tensor, by chance, in their order."""
    num_rows = len(tensors[0])
    if num_rows <= limit:
        return tensors
    chosen = torch.randperm(num_rows, device=tensors[0].device)[:limit].sort().values
    return tuple(tensor[chosen] for tensor in tensors)
