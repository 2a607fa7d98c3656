"""Detections of several views of an image, merged by voting."""

from collections.abc import Sequence
from typing import Any

import torch
from mmcv.ops import batched_nms
from mmdet.models.test_time_augs import DetTTAModel
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmdet.structures.bbox import bbox_overlaps
from mmdet.utils import ConfigType
from mmengine.structures import InstanceData
from torch import Tensor, nn

KEYS = ('iou_threshold', 'soft', 'min_score', 'size_limits', 'max_per_img')


@MODELS.register_module()
class BoxVotingTTAModel(DetTTAModel):
    """``DetTTAModel`` that averages boxes, and takes from a view what it sees well.

    The multi-scale test of RefineDet's authors (1711.06897, rows marked "+"): each box
    that no better one of its class overlaps becomes the mean of those that overlap it,
    weighted by their scores.

    Args:
        tta_cfg: ``iou_threshold`` (0.45), above which boxes vote for a better one;
            ``soft`` (False), whether they stay besides, their scores lowered by the
            overlap, as on COCO, where ``min_score`` (0.01) is the least that stays;
            ``size_limits``, dicts of ``side``, the longer side of a view's input, and
            ``longer_than``, what the longer side of its boxes must exceed, or
            ``shorter_than``, what their shorter side must not reach, in pixels of the
            original image; ``max_per_img`` (None, all).
        view_test_cfg: what to change in ``module.test_cfg``, if ``module`` is a config.
        kwargs: as ``DetTTAModel`` takes them, ``module`` among them.
    """

    def __init__(
        self,
        tta_cfg: ConfigType | None = None,
        *,
        module: ConfigType | nn.Module,
        view_test_cfg: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        tta_cfg = tta_cfg or {}
        unknown = tta_cfg.keys() - set(KEYS)
        if unknown:
            raise ValueError(f'tta_cfg has no {", ".join(unknown)}, but {KEYS}')
        if view_test_cfg and not isinstance(module, nn.Module):
            module = {
                **module,
                'test_cfg': {**module.get('test_cfg', {}), **view_test_cfg},
            }
        super().__init__(tta_cfg, module=module, **kwargs)

    def _merge_single_sample(self, data_samples: list[DetDataSample]) -> DetDataSample:
        limits = self.tta_cfg.get('size_limits', ())
        views = [_seen_well(sample, limits) for sample in data_samples]
        bboxes, scores = self.merge_aug_bboxes(
            [view.bboxes for view in views],
            [view.scores for view in views],
            [sample.metainfo for sample in data_samples],
        )
        merged = vote(
            InstanceData(
                bboxes=bboxes,
                scores=scores,
                labels=torch.cat([view.labels for view in views]),
            ),
            self.tta_cfg.get('iou_threshold', 0.45),
            soft=self.tta_cfg.get('soft', False),
            min_score=self.tta_cfg.get('min_score', 0.01),
        )
        result = data_samples[0]
        result.pred_instances = merged[: self.tta_cfg.get('max_per_img')]
        return result


def _seen_well(sample: DetDataSample, limits: Sequence[dict]) -> InstanceData:
    """The detections of a view that have the sizes it is for."""
    found = sample.pred_instances
    sides = found.bboxes[:, 2:] - found.bboxes[:, :2]
    kept = torch.ones(len(found), dtype=torch.bool, device=sides.device)
    for limit in limits:
        if limit['side'] == max(sample.img_shape):
            longer, shorter = sides.amax(dim=1), sides.amin(dim=1)
            kept &= longer > limit.get('longer_than', -torch.inf)
            kept &= shorter < limit.get('shorter_than', torch.inf)
    return found[kept]


def vote(
    found: InstanceData,
    iou_threshold: float,
    *,
    soft: bool = False,
    min_score: float = 0.01,
) -> InstanceData:
    """Average boxes that overlap better ones of their class.

    Args:
        found: ``bboxes`` (n, 4) xyxy, ``scores`` (n,) and ``labels`` (n,).
        iou_threshold: IoU above which a box gives its vote to a better one.
        soft: whether those boxes stay, too, with their score times 1 - IoU.
        min_score: the least of those scores.

    Returns:
        The means, each with its best score, and what stays, by falling score.
    """
    if len(found) == 0:
        return found
    nms = dict(type='nms', iou_threshold=iou_threshold)
    _, best = batched_nms(found.bboxes, found.scores, found.labels, nms)
    ious = bbox_overlaps(found.bboxes, found.bboxes[best])
    ious *= found.labels[:, None] == found.labels[best]
    votes = ious > iou_threshold
    votes[best] = torch.eye(len(best), dtype=torch.bool, device=votes.device)
    # A box that overlaps several votes for the best of them, which is the first.
    votes &= votes.cumsum(dim=1) == 1
    merged = found[best]
    merged.bboxes = _means(found, votes)
    if soft:
        scores = found.scores * (1 - (ious * votes).amax(dim=1))
        stays = votes.any(dim=1) & (scores >= min_score)
        stays[best] = False
        found.scores = scores
        merged = InstanceData.cat([merged, found[stays]])
    return merged[merged.scores.argsort(descending=True, stable=True)]


def _means(found: InstanceData, votes: Tensor) -> Tensor:
    """Boxes (k, 4) averaged over those (n,) that vote for each, by their scores."""
    weights = votes * found.scores[:, None]
    sums = weights.sum(dim=0).clamp(min=torch.finfo(weights.dtype).tiny)
    return (weights / sums).T @ found.bboxes
