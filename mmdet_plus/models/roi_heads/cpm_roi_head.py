"""RoI head of CPM R-CNN: a cascade of grid branches, and scores of its results."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.roi_heads.roi_extractors import BaseRoIExtractor
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.bbox_geometry import distinct_bboxes, unscale_bboxes
from ..task_modules.box_matching import label_bboxes
from ..task_modules.duplicate_suppression import suppress_duplicates
from .grid_heads.iou_scoring_head import IoUScoringHead
from .localisation_cascade import LocalisationCascade, StageOutput, check_num_values
from .roi_training import fill_missing_cls_losses, sample_rois
from .score_fusion import fuse_cascade
from .unsupported_parts import refuse_parts

Features = tuple[Tensor, ...]


@MODELS.register_module()
class CPMRoIHead(StandardRoIHead):
    """Classifies proposals, and localises them by points, stage by stage.

    CPM R-CNN (arXiv 2003.03570), sec. 3. ``bbox_roi_extractor`` and ``bbox_head``
    classify (the head has ``with_reg=False``). Stage j of the cascade mapping module
    reads features of its RoIs and looks for the points of the object in a region
    ``mapping_ratios[j]`` times as large. The last stage trains the IoU scoring module
    and the resampling scoring module, which both can be left out.

    Keys of ``train_cfg`` beside the usual: ``max_grid_rois`` (96), the most RoIs of an
    image that train a stage; ``stage_iou_thrs`` ((0.6, 0.7)), IoU above which boxes
    train the second stage, the third and so on; ``rsm_boxes`` (``'final'``), whether
    the RSM trains on the boxes that the last stage returns (sec. 3.3) or, by
    ``'input'``, on those that it reads (released); ``rsm_iou_thr`` (0.5), IoU from
    which a box counts as an object for it. Of ``test_cfg``: ``score_thr``, ``nms`` and
    ``max_per_img`` choose the proposals to localise; ``gamma`` (0.8) of Eq. 4, None for
    the score of the classification branch alone; ``test_stage`` (None for the last),
    the stage whose boxes are read, from 1 (Table 3), without the IoU scoring module if
    it is not the last; ``final_nms`` (None) cleans up the localised boxes.

    Args:
        grid_roi_extractor: RoI extractor of all stages.
        grid_head: ``PointGridHead`` of each stage, whose mapping ratio is set here, or
            another localisation head, see ``LocalisationCascade``.
        num_stages: stages of the cascade.
        mapping_ratios: of each stage (Table 4); those past ``num_stages`` are not used;
            None for heads without, such as ``DenseLocalRegressionHead``.
        stage_loss_weights: beta of each stage (Eq. 2), as many as ``mapping_ratios``.
        clip_between_stages: False reads boxes that leave the image as they are, as the
            released models do.
        iou_head: ``IoUScoringHead`` for the ISM, or None.
        rsm_head: second classification head for the RSM, or None.
        kwargs: what ``StandardRoIHead`` takes, without mask head and shared head.
    """

    def __init__(
        self,
        *,
        grid_roi_extractor: ConfigType,
        grid_head: ConfigType,
        num_stages: int = 3,
        mapping_ratios: Sequence[float] | None = (2.0, 1.5, 1.25),
        stage_loss_weights: Sequence[float] = (1.0, 0.5, 0.25),
        clip_between_stages: bool = True,
        iou_head: ConfigType | None = None,
        rsm_head: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        refuse_parts('CPMRoIHead', kwargs, 'mask_head', 'shared_head')
        super().__init__(**kwargs)
        self.grid_roi_extractor = MODELS.build(grid_roi_extractor)
        self.grid_heads = LocalisationCascade(
            grid_head,
            num_stages=num_stages,
            mapping_ratios=mapping_ratios,
            loss_weights=stage_loss_weights,
            clip_between=clip_between_stages,
        )
        self.iou_head: IoUScoringHead | None = iou_head and MODELS.build(iou_head)
        self.rsm_head: BBoxHead | None = rsm_head and MODELS.build(rsm_head)
        self._check_classifiers()
        self._check_settings()

    def _check_classifiers(self) -> None:
        for name, head in (('bbox_head', self.bbox_head), ('rsm_head', self.rsm_head)):
            if head is not None and head.with_reg:
                raise ValueError(
                    f'CPMRoIHead localises with grid_head: set {name}.with_reg=False'
                )

    def _check_settings(self) -> None:
        thrs, num_stages = self._stage_iou_thrs, self.num_stages
        check_num_values('train_cfg.stage_iou_thrs', thrs, num_stages - 1, num_stages)
        if self._rsm_boxes not in ('final', 'input'):
            raise ValueError(
                "train_cfg.rsm_boxes must be 'final' or 'input', got "
                f'{self._rsm_boxes!r}'
            )
        self._test_stage(self.test_cfg or {})
        gamma = (self.test_cfg or {}).get('gamma', 0.8)
        if gamma is not None and not 0 <= gamma <= 1:
            raise ValueError(f'test_cfg.gamma must be in [0, 1] or None, got {gamma}')

    @property
    def num_stages(self) -> int:
        """Stages of the cascade."""
        return len(self.grid_heads)

    @property
    def _stage_iou_thrs(self) -> Sequence[float]:
        return (self.train_cfg or {}).get('stage_iou_thrs', (0.6, 0.7))

    @property
    def _rsm_boxes(self) -> str:
        return (self.train_cfg or {}).get('rsm_boxes', 'final')

    def _test_stage(self, test_cfg: ConfigType) -> int:
        stage = test_cfg.get('test_stage')
        if stage is None:
            return self.num_stages
        if not 1 <= stage <= self.num_stages:
            raise ValueError(
                f'test_cfg.test_stage must be from 1 to {self.num_stages}, got {stage}'
            )
        return stage

    def forward(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
    ) -> tuple:
        """Raw outputs for all proposals: class logits, and those of each stage."""
        bboxes = [proposals.bboxes for proposals in rpn_results_list]
        logits = self._bbox_forward(x, bbox2roi(bboxes))['cls_score']
        img_shapes = [sample.img_shape for sample in batch_data_samples]
        stages = self._localise(x, bboxes, img_shapes)
        # Without the local features.
        return logits, *(raw for stage in stages for raw in stage.predictions[1:])

    def loss(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Losses of all branches (Eq. 5).

        Args:
            x: feature levels (B, C, H_i, W_i).
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: ground truth and meta information of each image.

        Returns:
            ``loss_cls`` and ``acc``; ``s0.loss_grid``, ``s1.loss_grid`` and so on, or
            what other localisation heads call their losses; ``loss_iou`` of the ISM;
            ``rsm.loss_cls`` and ``rsm.acc`` of the RSM.
        """
        sampling_results = sample_rois(self, x, rpn_results_list, batch_data_samples)
        classified = self.bbox_loss(x, sampling_results)
        losses = fill_missing_cls_losses(
            classified['loss_bbox'], classified['cls_score']
        )
        grid_losses, last = self.grid_loss(x, sampling_results, batch_data_samples)
        losses.update(grid_losses)
        if self.rsm_head is not None:
            boxes = last.inputs if self._rsm_boxes == 'input' else last.bboxes
            rsm_losses = self.rsm_loss(x, boxes, sampling_results, batch_data_samples)
            losses.update({f'rsm.{name}': loss for name, loss in rsm_losses.items()})
        return losses

    def grid_loss(
        self,
        x: Features,
        sampling_results: list[SamplingResult],
        batch_data_samples: SampleList,
    ) -> tuple[dict[str, Tensor], StageOutput]:
        """Losses of the cascade and of the ISM, and what the last stage found."""
        trained = self.grid_heads.loss(
            lambda rois: _roi_feats(self.grid_roi_extractor, x, rois),
            [(r.pos_priors, r.pos_gt_bboxes) for r in sampling_results],
            [sample.gt_instances.bboxes for sample in batch_data_samples],
            [sample.img_shape for sample in batch_data_samples],
            iou_thrs=self._stage_iou_thrs,
            max_rois=self.train_cfg.get('max_grid_rois', 96),
        )
        losses, last = trained.losses, trained.last
        if self.iou_head is not None:
            ious = self.iou_head(last.predictions[0])
            bboxes = torch.cat(last.inputs)
            losses.update(self.iou_head.loss(ious, bboxes, trained.gt_bboxes))
        return losses, last

    def rsm_loss(
        self,
        x: Features,
        bboxes: list[Tensor],
        sampling_results: list[SamplingResult],
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Loss of the RSM on localised boxes and negatives of the RPN (sec. 3.3)."""
        assert self.rsm_head is not None
        num_classes = self.rsm_head.num_classes
        iou_thr = self.train_cfg.get('rsm_iou_thr', 0.5)
        rois, labels = [], []
        for i, result in enumerate(sampling_results):
            gt = batch_data_samples[i].gt_instances
            negatives = result.neg_priors
            rois.append(torch.cat([bboxes[i], negatives]))
            labels += [
                label_bboxes(
                    bboxes[i], gt.bboxes, gt.labels, num_classes, iou_thr
                ).labels,
                gt.labels.new_full((len(negatives),), num_classes),
            ]
        logits = self._rsm_logits(x, bbox2roi(rois))
        targets = torch.cat(labels)
        weights = torch.ones_like(targets, dtype=torch.float)
        losses = self.rsm_head.loss(logits, None, None, targets, weights, None, None)
        return fill_missing_cls_losses(losses, logits)

    def predict_bbox(
        self,
        x: Features,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Classify, localise, score again, and rescale at the end.

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
        stage = self._test_stage(rcnn_test_cfg)
        (candidates,) = self.candidates(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, [stage]
        )
        return self.rank(candidates, batch_img_metas, rcnn_test_cfg, rescale)

    def candidates(
        self,
        x: Features,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        stages: Sequence[int],
    ) -> list[InstanceList]:
        """Localised boxes with all their scores, before they are ranked.

        Args:
            x: as for :meth:`predict_bbox`.
            batch_img_metas: as for :meth:`predict_bbox`.
            rpn_results_list: as for :meth:`predict_bbox`.
            rcnn_test_cfg: see the class; ``gamma=None`` leaves out ISM and RSM.
            stages: whose boxes to return, from 1.

        Returns:
            For each of ``stages``, of each image: ``bboxes`` (k, 4) xyxy in pixels of
            the network input, ``labels`` (k,), ``cls_scores`` (k,), and ``ious`` (k,)
            and ``rsm_scores`` (k,) of those modules that rate the stage; all in [0, 1].
        """
        classified = super().predict_bbox(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale=False
        )
        # Localisation does not know classes: an RoI of several classes passes once.
        bboxes, rows = distinct_bboxes([result.bboxes for result in classified])
        img_shapes = [meta['img_shape'] for meta in batch_img_metas]
        outputs = self._localise(x, bboxes, img_shapes, max(stages))
        results = []
        for stage in stages:
            output = outputs[stage - 1]
            fields = dict(bboxes=torch.cat(output.bboxes)[rows])
            fields['labels'] = torch.cat([result.labels for result in classified])
            fields['cls_scores'] = torch.cat([result.scores for result in classified])
            if rcnn_test_cfg.get('gamma', 0.8) is not None:
                last = stage == self.num_stages
                fields |= self._rate(x, output, rows, fields['labels'], last)
            results.append(_split(fields, [len(result) for result in classified]))
        return results

    def _rate(
        self, x: Features, output: StageOutput, rows: Tensor, labels: Tensor, last: bool
    ) -> dict[str, Tensor]:
        """``ious`` and ``rsm_scores`` (k,) of boxes ``rows`` with ``labels``."""
        scores = {}
        if self.iou_head is not None and last:
            outputs = self.iou_head(output.predictions[0])
            scores['ious'] = self.iou_head.predict_by_feat(outputs)[rows]
        if self.rsm_head is not None:
            logits = self._rsm_logits(x, bbox2roi(output.bboxes))
            scores['rsm_scores'] = logits.softmax(dim=1)[rows, labels]
        return scores

    @staticmethod
    def rank(
        candidates: InstanceList,
        batch_img_metas: list[dict],
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Detections from candidates, see :meth:`candidates`; else as predict_bbox."""
        results = [rank_candidates(own, rcnn_test_cfg) for own in candidates]
        if rescale:
            for result, meta in zip(results, batch_img_metas, strict=True):
                result.bboxes = unscale_bboxes(result.bboxes, meta['scale_factor'])
        return results

    def _localise(
        self,
        x: Features,
        bboxes: list[Tensor],
        img_shapes: Sequence[tuple[int, int]],
        num_stages: int | None = None,
    ) -> list[StageOutput]:
        return self.grid_heads(
            lambda rois: _roi_feats(self.grid_roi_extractor, x, rois),
            bboxes,
            img_shapes,
            num_stages,
        )

    def _rsm_logits(self, x: Features, rois: Tensor) -> Tensor:
        assert self.rsm_head is not None
        return self.rsm_head(_roi_feats(self.bbox_roi_extractor, x, rois))[0].float()


def _roi_feats(extractor: BaseRoIExtractor, x: Features, rois: Tensor) -> Tensor:
    return extractor(x[: extractor.num_inputs], rois)


def rank_candidates(candidates: InstanceData, test_cfg: ConfigType) -> InstanceData:
    """Fuse the scores of boxes (Eq. 4), sort by them, and suppress duplicates.

    Args:
        candidates: of one image, as ``CPMRoIHead.candidates`` gives them.
        test_cfg: with ``gamma`` and ``final_nms``, see ``CPMRoIHead``.

    Returns:
        ``bboxes`` (k, 4), ``scores`` (k,) in [0, 1] falling, and ``labels`` (k,).
    """
    scores, gamma = candidates.cls_scores, test_cfg.get('gamma', 0.8)
    if gamma is not None:
        ious, rsm_scores = candidates.get('ious'), candidates.get('rsm_scores')
        scores = fuse_cascade(scores, ious, rsm_scores, gamma)
    order = scores.argsort(descending=True, stable=True)
    ranked = InstanceData(
        bboxes=candidates.bboxes[order],
        scores=scores[order],
        labels=candidates.labels[order],
    )
    return suppress_duplicates(ranked, test_cfg.get('final_nms'))


def _split(fields: dict[str, Tensor], counts: list[int]) -> InstanceList:
    """The instances of each image, from those of the batch."""
    parts = zip(*(values.split(counts) for values in fields.values()), strict=True)
    return [InstanceData(**dict(zip(fields, part, strict=True))) for part in parts]
