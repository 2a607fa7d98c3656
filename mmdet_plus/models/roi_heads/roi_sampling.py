"""The first step in training RoI heads: which proposals stand for which objects."""

from collections.abc import Sequence

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
