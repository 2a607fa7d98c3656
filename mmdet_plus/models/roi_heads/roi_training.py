"""What the training of several RoI heads shares."""

import copy
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


def without_flat_objects(batch_data_samples: SampleList) -> SampleList:
    """The samples without objects of no width or no height.

    MMDetection's samplers take objects as RoIs, and the offsets between boxes without
    extent are 0 / 0.

    Args:
        batch_data_samples: the ground truth; left as it is.
    """
    samples = []
    for sample in batch_data_samples:
        bboxes = sample.gt_instances.bboxes
        kept = (bboxes[:, 2:] > bboxes[:, :2]).all(dim=1).cpu()
        if not kept.all():
            gt_instances = sample.gt_instances[kept]
            sample = copy.copy(sample)
            sample.gt_instances = gt_instances
        samples.append(sample)
    return samples


def with_proposals(
    rpn_results_list: InstanceList, batch_img_metas: list[dict]
) -> InstanceList:
    """The proposals, that of an image that has none being the whole image.

    MMDetection's box heads leave losses out when a batch has no RoI at all, and then
    the processes of a distributed training wait for each other.

    Args:
        rpn_results_list: of each image ``bboxes`` (n, 4) xyxy.
        batch_img_metas: with ``img_shape``.
    """
    results = []
    for own, meta in zip(rpn_results_list, batch_img_metas, strict=True):
        if len(own) == 0:
            height, width = meta['img_shape'][:2]
            own = InstanceData(bboxes=own.bboxes.new_tensor([[0, 0, width, height]]))
        results.append(own)
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
