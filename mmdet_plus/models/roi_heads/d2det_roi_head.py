"""RoI head of D2Det: classification and localisation in separate branches, masks."""

from typing import Any

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.structures.mask import BaseInstanceMasks
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.bbox_geometry import (
    clip_bboxes,
    distinct_bboxes,
    jitter_bboxes,
    unscale_bboxes,
)
from ..task_modules.duplicate_suppression import suppress_duplicates
from .bbox_heads.dense_local_regression_head import DenseLocalPredictions
from .mask_heads.mask_targets import overlap_of_masks
from .roi_training import fill_missing_cls_losses, sample_rois
from .unsupported_parts import refuse_parts

Features = tuple[Tensor, ...]


@MODELS.register_module()
class D2DetRoIHead(StandardRoIHead):
    """Classifies proposals, then localises the survivors by dense local regression.

    D2Det (CVPR 2020), sec. 3 and 4.1. ``bbox_roi_extractor`` and ``bbox_head`` classify
    (the head has ``with_reg=False``), ``reg_roi_extractor`` and ``reg_head`` localise.
    With ``mask_head`` (sec. 3.3), ground truth masks supervise the overlap, and masks
    come from local features read once more, on the localised boxes
    (``SinglePassD2DetRoIHead`` does without); ``mask_roi_extractor`` must be None.

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
        kwargs: what ``StandardRoIHead`` takes, without shared head; ``mask_head`` is
            None or such as ``D2DetMaskHead``.
    """

    def __init__(
        self, *, reg_roi_extractor: ConfigType, reg_head: ConfigType, **kwargs: Any
    ) -> None:
        refuse_parts('D2DetRoIHead', kwargs, 'shared_head')
        super().__init__(**kwargs)
        if self.bbox_head.with_reg:
            raise ValueError(
                'D2DetRoIHead localises with reg_head: set bbox_head.with_reg=False'
            )
        self.reg_roi_extractor = MODELS.build(reg_roi_extractor)
        self.reg_head = MODELS.build(reg_head)

    def init_mask_head(
        self, mask_roi_extractor: ConfigType | None, mask_head: ConfigType
    ) -> None:
        """Build the mask head, which reads the features of the localisation branch."""
        if mask_roi_extractor is not None:
            raise ValueError(
                'D2DetRoIHead predicts masks from the features of reg_roi_extractor: '
                'set mask_roi_extractor=None'
            )
        self.mask_head = MODELS.build(mask_head)

    def forward(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList | None = None,
    ) -> tuple:
        """Raw outputs of all branches for all proposals, without post-processing.

        Masks are those of the best class.
        """
        rois = bbox2roi([proposals.bboxes for proposals in rpn_results_list])
        classified = self._bbox_forward(x, rois)
        logits = classified['cls_score']
        local_feats, *localised = self._reg_forward(x, rois)
        outputs = (logits, classified['bbox_pred'], *localised)
        if not self.with_mask:
            return outputs
        labels = logits[:, : self.mask_head.num_classes].argmax(dim=1)
        return outputs + tuple(self.mask_head(local_feats, labels))

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
            ``reg_head`` and ``mask_head``.
        """
        sampling_results = sample_rois(self, x, rpn_results_list, batch_data_samples)
        classified = self.bbox_loss(x, sampling_results)
        losses = fill_missing_cls_losses(
            classified['loss_bbox'], classified['cls_score']
        )
        return losses | self.reg_loss(x, sampling_results, batch_data_samples)

    def reg_loss(
        self,
        x: Features,
        sampling_results: list[SamplingResult],
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Losses of localisation and masks, on positive RoIs only (sec. 4.1)."""
        positives = self._reg_samples(
            sampling_results, [sample.img_shape for sample in batch_data_samples]
        )
        bboxes = positives.rois[:, 1:]
        predictions = self._reg_forward(x, positives.rois)
        overlap, losses = None, {}
        if self.with_mask:
            targets = self._mask_targets(positives, batch_data_samples)
            overlap = overlap_of_masks(targets[0])
            masks = self.mask_head(predictions.local_feats, positives.labels)
            losses = self.mask_head.loss(masks, bboxes, targets)
        return losses | self.reg_head.loss(
            predictions, bboxes, positives.gt_bboxes, overlap
        )

    def _reg_samples(
        self,
        sampling_results: list[SamplingResult],
        img_shapes: list[tuple[int, int]],
    ) -> InstanceData:
        """Jittered positive RoIs of the batch in the order of the images, bounded."""
        amplitude = self.train_cfg.get('pos_jitter', 0.15)
        rois = [
            clip_bboxes(jitter_bboxes(result.pos_priors, amplitude), shape)
            for result, shape in zip(sampling_results, img_shapes, strict=True)
        ]
        positives = InstanceData(
            rois=bbox2roi(rois),
            gt_bboxes=torch.cat([result.pos_gt_bboxes for result in sampling_results]),
            labels=torch.cat([result.pos_gt_labels for result in sampling_results]),
            gt_indices=torch.cat(
                [result.pos_assigned_gt_inds for result in sampling_results]
            ),
        )
        limit = self.train_cfg.get('max_reg_rois', 192)
        if len(positives) <= limit:
            return positives
        chosen = torch.randperm(len(positives), device=positives.rois.device)[:limit]
        return positives[chosen.sort().values]

    def _mask_targets(
        self, positives: InstanceData, batch_data_samples: SampleList
    ) -> tuple[Tensor, Tensor]:
        by_img = [positives.rois[:, 0] == i for i in range(len(batch_data_samples))]
        return self.mask_head.get_targets(
            [positives.rois[own, 1:] for own in by_img],
            [positives.gt_indices[own] for own in by_img],
            [_masks_of(sample) for sample in batch_data_samples],
        )

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
        classified = super().predict_bbox(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale=False
        )
        results = self._localise(x, classified)
        for i, meta in enumerate(batch_img_metas):
            result = results[i]
            result.bboxes = clip_bboxes(result.bboxes, meta['img_shape'])
            result = suppress_duplicates(result, rcnn_test_cfg.get('final_nms'))
            if rescale:
                result.bboxes = unscale_bboxes(result.bboxes, meta['scale_factor'])
            results[i] = result
        return results

    def predict_mask(
        self,
        x: Features,
        batch_img_metas: list[dict],
        results_list: InstanceList,
        rescale: bool = False,
    ) -> InstanceList:
        """Predict and rate masks on the localised boxes (sec. 3.3).

        Args:
            x: feature levels (B, C, H_i, W_i).
            batch_img_metas: as for :meth:`predict_bbox`.
            results_list: what :meth:`predict_bbox` returned, not rescaled.
            rescale: whether boxes and masks return in the size of the original image.

        Returns:
            The detections with ``masks`` (k, h, w) bool and ``mask_scores`` (k,), by
            which masks rank; ``scores`` rank boxes and stay as they are.
        """
        bboxes, rows = distinct_bboxes([result.bboxes for result in results_list])
        local_feats = self._reg_forward(x, bbox2roi(bboxes)).local_feats
        labels = torch.cat([result.labels for result in results_list])
        predictions = self.mask_head(local_feats[rows], labels)
        return self.mask_head.predict_by_feat(
            predictions, results_list, batch_img_metas, self.test_cfg, rescale=rescale
        )

    def _localise(self, x: Features, classified: InstanceList) -> InstanceList:
        # Localisation does not know classes: an RoI of several classes passes once.
        distinct, rows = distinct_bboxes([result.bboxes for result in classified])
        rois = bbox2roi(distinct)
        localised = self._localised(self._reg_forward(x, rois), rois[:, 1:])[rows]
        results, start = [], 0
        for own in classified:
            result = localised[start : start + len(own)]
            result.scores, result.labels = own.scores, own.labels
            start += len(own)
            results.append(result)
        return results

    def _localised(
        self, predictions: DenseLocalPredictions, rois: Tensor
    ) -> InstanceData:
        """What becomes of RoIs (n, 4) xyxy: ``bboxes`` (n, 4)."""
        return InstanceData(bboxes=self.reg_head.predict_by_feat(predictions, rois))

    def _reg_forward(self, x: Features, rois: Tensor) -> DenseLocalPredictions:
        extractor = self.reg_roi_extractor
        return self.reg_head(extractor(x[: extractor.num_inputs], rois))


def _masks_of(sample: DetDataSample) -> BaseInstanceMasks:
    if 'masks' not in sample.gt_instances:
        raise ValueError(
            'D2DetRoIHead trains mask_head with ground truth masks, and the data have '
            "none: use dict(type='LoadAnnotations', with_bbox=True, with_mask=True)"
        )
    return sample.gt_instances.masks
