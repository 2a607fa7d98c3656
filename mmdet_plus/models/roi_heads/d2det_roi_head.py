"""RoI head of D2Det: classification and localisation in separate branches."""

from typing import Any

import torch
from mmcv.ops import batched_nms
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi, scale_boxes
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.bbox_geometry import clip_bboxes, jitter_bboxes
from .roi_sampling import sample_rois

Features = tuple[Tensor, ...]


@MODELS.register_module()
class D2DetRoIHead(StandardRoIHead):
    """Classifies proposals, then localises the survivors by dense local regression.

    D2Det (CVPR 2020), sec. 3 and 4.1. ``bbox_roi_extractor`` and ``bbox_head`` classify
    (the head has ``with_reg=False``), ``reg_roi_extractor`` and ``reg_head`` localise.

    Differs from the paper, after the released models: the positive RoIs that train the
    localisation branch are jittered, and their number is bounded.

    Keys of ``train_cfg`` beside the usual: ``pos_jitter`` (0.15), the fraction by which
    positive RoIs are moved and resized for the localisation branch; ``max_reg_rois``
    (192), the most RoIs of a batch that train it. Of ``test_cfg``: ``score_thr``,
    ``nms`` and ``max_per_img`` choose the proposals to localise, ``final_nms`` (None
    for none) cleans up the localised boxes class by class.

    Args:
        reg_roi_extractor: RoI extractor of the localisation branch.
        reg_head: localisation head, such as ``DenseLocalRegressionHead``.
    """

    def __init__(
        self, *, reg_roi_extractor: ConfigType, reg_head: ConfigType, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        if self.bbox_head.with_reg:
            raise ValueError(
                'D2DetRoIHead localises with reg_head: set bbox_head.with_reg=False'
            )
        self.reg_roi_extractor = MODELS.build(reg_roi_extractor)
        self.reg_head = MODELS.build(reg_head)

    def forward(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList | None = None,
    ) -> tuple:
        """Raw outputs of both branches for all proposals, without post-processing."""
        x = _without_bfloat16(x)
        rois = bbox2roi([proposals.bboxes for proposals in rpn_results_list])
        classified = super().forward(x, rpn_results_list, batch_data_samples)
        return classified + tuple(self.reg_head(self._reg_feats(x, rois)))

    def loss(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Losses of both branches.

        Args:
            x: feature levels (B, C, H_i, W_i).
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: ground truth and meta information of each image.

        Returns:
            ``loss_cls`` and ``acc`` of the classification branch, and the losses of
            ``reg_head``.
        """
        x = _without_bfloat16(x)
        sampling_results = sample_rois(self, x, rpn_results_list, batch_data_samples)
        img_shapes = [sample.img_shape for sample in batch_data_samples]
        classified = self.bbox_loss(x, sampling_results)
        # MMDetection's head drops its keys when the batch has no RoI at all.
        nothing = classified['cls_score'].sum() * 0
        losses = dict(loss_cls=nothing, acc=nothing.detach()[None])
        losses.update(classified['loss_bbox'])
        losses.update(self.reg_loss(x, sampling_results, img_shapes))
        return losses

    def reg_loss(
        self,
        x: Features,
        sampling_results: list[SamplingResult],
        img_shapes: list[tuple[int, int]],
    ) -> dict[str, Tensor]:
        """Losses of the localisation branch, on positive RoIs only (sec. 4.1)."""
        amplitude = self.train_cfg.get('pos_jitter', 0.15)
        rois = bbox2roi(
            [
                clip_bboxes(jitter_bboxes(result.pos_priors, amplitude), shape)
                for result, shape in zip(sampling_results, img_shapes, strict=True)
            ]
        )
        gt_bboxes = torch.cat([result.pos_gt_bboxes for result in sampling_results])
        limit = self.train_cfg.get('max_reg_rois', 192)
        if len(rois) > limit:
            chosen = torch.randperm(len(rois), device=rois.device)[:limit]
            rois, gt_bboxes = rois[chosen], gt_bboxes[chosen]
        return self.reg_head.loss(self._reg_feats(x, rois), rois[:, 1:], gt_bboxes)

    def predict_bbox(
        self,
        x: Features,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Classify, localise, suppress duplicates, and rescale at the end.

        Args:
            x: feature levels (B, C, H_i, W_i).
            batch_img_metas: with ``img_shape`` and, for ``rescale``, ``scale_factor``.
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            rcnn_test_cfg: see the class.
            rescale: whether boxes return in pixels of the original image.

        Returns:
            ``bboxes`` (k, 4) xyxy, ``scores`` (k,) in [0, 1] falling, and ``labels``
            (k,) of each image.
        """
        x = _without_bfloat16(x)
        classified = super().predict_bbox(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale=False
        )
        bboxes = self._localise(x, [result.bboxes for result in classified])
        results = []
        for i, meta in enumerate(batch_img_metas):
            result = InstanceData(
                bboxes=clip_bboxes(bboxes[i], meta['img_shape']),
                scores=classified[i].scores,
                labels=classified[i].labels,
            )
            result = _suppress(result, rcnn_test_cfg.get('final_nms'))
            if rescale:
                factors = [1 / factor for factor in meta['scale_factor']]
                result.bboxes = scale_boxes(result.bboxes, factors)
            results.append(result)
        return results

    def _localise(self, x: Features, bboxes: list[Tensor]) -> list[Tensor]:
        rois = bbox2roi(bboxes)
        if len(rois) == 0:
            return bboxes
        predictions = self.reg_head(self._reg_feats(x, rois))
        refined = self.reg_head.predict_by_feat(*predictions, rois[:, 1:])
        return list(refined.split([len(boxes) for boxes in bboxes]))

    def _reg_feats(self, x: Features, rois: Tensor) -> Tensor:
        return self.reg_roi_extractor(x[: self.reg_roi_extractor.num_inputs], rois)


def _without_bfloat16(x: Features) -> Features:
    """mmcv's RoIAlign has no bfloat16 kernel, so RoI features are taken in float32."""
    return tuple(f.float() if f.dtype == torch.bfloat16 else f for f in x)


def _suppress(result: InstanceData, nms: ConfigType | None) -> InstanceData:
    """Non-maximum suppression class by class; leaves all where ``nms`` is None."""
    if nms is None or len(result) == 0:
        return result
    detections, keep = batched_nms(result.bboxes, result.scores, result.labels, nms)
    return InstanceData(
        bboxes=detections[:, :4], scores=detections[:, 4], labels=result.labels[keep]
    )
