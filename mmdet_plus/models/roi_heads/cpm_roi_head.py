"""RoI head of CPM R-CNN: a cascade of grid branches, and scores of its results."""

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

import torch
from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType, InstanceList
from mmengine.model import ModuleList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.bbox_geometry import clip_bboxes, unscale_bboxes
from .duplicate_suppression import suppress_duplicates
from .grid_heads.point_grid_head import GridPredictions
from .grid_heads.stage_samples import resampled_labels, select_by_iou
from .roi_training import draw_rows, fill_missing_cls_losses, sample_rois

Features = tuple[Tensor, ...]
Shapes = list[tuple[int, int]]


class StageOutput(NamedTuple):
    """What a stage makes of its RoIs."""

    predictions: GridPredictions
    bboxes: list[Tensor]  # (n_i, 4) xyxy of each image, refined and clipped


def fused_scores(
    cls_scores: Tensor, ious: Tensor | None, rsm_scores: Tensor | None, gamma: float
) -> Tensor:
    """The score by which detections rank (Eq. 4).

    Args:
        cls_scores: (n,) in [0, 1] of the classification branch.
        ious: (n,) in [0, 1] of the IoU scoring module; None counts as 1.
        rsm_scores: (n,) in [0, 1] of the resampling scoring module; with None, gamma
            counts as 1.
        gamma: weight of the first two, in [0, 1].

    Returns:
        (n,) in [0, 1].
    """
    scores = cls_scores if ious is None else cls_scores * ious
    if rsm_scores is None:
        return scores
    return scores**gamma * rsm_scores ** (1 - gamma)


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
    train the second stage, the third and so on; ``rsm_iou_thr`` (0.5), IoU from which a
    final box counts as an object. Of ``test_cfg``: ``score_thr``, ``nms`` and
    ``max_per_img`` choose the proposals to localise; ``gamma`` (0.8) of Eq. 4, None for
    the score of the classification branch alone; ``test_stage`` (None for the last),
    the stage whose boxes are read, from 1 (Table 3), without the IoU scoring module if
    it is not the last; ``final_nms`` (None) cleans up the localised boxes.

    Args:
        grid_roi_extractor: RoI extractor of all stages.
        grid_head: ``PointGridHead`` of each stage; its mapping ratio is set here.
        num_stages: stages of the cascade.
        mapping_ratios: of each stage (Table 4); those past ``num_stages`` are not used.
        stage_loss_weights: beta of each stage (Eq. 2), as many as ``mapping_ratios``.
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
        mapping_ratios: Sequence[float] = (2.0, 1.5, 1.25),
        stage_loss_weights: Sequence[float] = (1.0, 0.5, 0.25),
        iou_head: ConfigType | None = None,
        rsm_head: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        for name in ('mask_head', 'shared_head'):
            if kwargs.get(name) is not None:
                raise ValueError(f'CPMRoIHead has no {name}: leave it out')
        super().__init__(**kwargs)
        self.num_stages = num_stages
        self.stage_loss_weights = tuple(stage_loss_weights)
        self.grid_roi_extractor = MODELS.build(grid_roi_extractor)
        self._check_stages(mapping_ratios)
        self.grid_heads = ModuleList(
            MODELS.build({**grid_head, 'mapping_ratio': ratio})
            for ratio in mapping_ratios[:num_stages]
        )
        self.iou_head: Any = None if iou_head is None else MODELS.build(iou_head)
        self.rsm_head: Any = None if rsm_head is None else MODELS.build(rsm_head)
        self._check_classifiers()

    def _check_classifiers(self) -> None:
        for name, head in (('bbox_head', self.bbox_head), ('rsm_head', self.rsm_head)):
            if head is not None and head.with_reg:
                raise ValueError(
                    f'CPMRoIHead localises with grid_head: set {name}.with_reg=False'
                )

    def _check_stages(self, mapping_ratios: Sequence[float]) -> None:
        if not 1 <= self.num_stages <= len(mapping_ratios):
            raise ValueError(
                f'num_stages must be from 1 to {len(mapping_ratios)}, the number of '
                f'mapping_ratios, got {self.num_stages}'
            )
        for name, values, needed in (
            ('stage_loss_weights', self.stage_loss_weights, self.num_stages),
            ('train_cfg.stage_iou_thrs', self._stage_iou_thrs, self.num_stages - 1),
        ):
            if len(values) < needed:
                raise ValueError(
                    f'{name} must have {needed} values for {self.num_stages} stages, '
                    f'got {values}'
                )
        self._test_stage(self.test_cfg or {})
        gamma = (self.test_cfg or {}).get('gamma', 0.8)
        if gamma is not None and not 0 <= gamma <= 1:
            raise ValueError(f'test_cfg.gamma must be in [0, 1] or None, got {gamma}')

    @property
    def _stage_iou_thrs(self) -> Sequence[float]:
        return (self.train_cfg or {}).get('stage_iou_thrs', (0.6, 0.7))

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
        """Raw outputs for all proposals: class logits, and heat maps of each stage."""
        bboxes = [proposals.bboxes for proposals in rpn_results_list]
        outputs = [self._bbox_forward(x, bbox2roi(bboxes))['cls_score']]
        img_shapes = [sample.img_shape for sample in batch_data_samples]
        for stage in range(self.num_stages):
            output = self._run_stage(stage, x, bboxes, img_shapes)
            outputs.append(output.predictions.heatmap_logits)
            bboxes = output.bboxes
        return tuple(outputs)

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
            ``loss_cls`` and ``acc``; ``s0.loss_grid``, ``s1.loss_grid`` and so on;
            ``loss_iou`` of the ISM; ``rsm.loss_cls`` and ``rsm.acc`` of the RSM.
        """
        sampling_results = sample_rois(self, x, rpn_results_list, batch_data_samples)
        classified = self.bbox_loss(x, sampling_results)
        losses = fill_missing_cls_losses(
            classified['loss_bbox'], classified['cls_score']
        )
        grid_losses, bboxes = self.grid_loss(x, sampling_results, batch_data_samples)
        losses.update(grid_losses)
        if self.rsm_head is not None:
            rsm_losses = self.rsm_loss(x, bboxes, sampling_results, batch_data_samples)
            losses.update({f'rsm.{name}': loss for name, loss in rsm_losses.items()})
        return losses

    def grid_loss(
        self,
        x: Features,
        sampling_results: list[SamplingResult],
        batch_data_samples: SampleList,
    ) -> tuple[dict[str, Tensor], list[Tensor]]:
        """Losses of the cascade and of the ISM, and the final boxes (sec. 3.2)."""
        img_shapes = [sample.img_shape for sample in batch_data_samples]
        limit = self.train_cfg.get('max_grid_rois', 96)
        samples = [(r.pos_priors, r.pos_gt_bboxes) for r in sampling_results]
        losses = {}
        head: Any
        for stage, head in enumerate(self.grid_heads):
            drawn = [draw_rows(*own, limit=limit) for own in samples]
            bboxes = [own[0] for own in drawn]
            all_bboxes, gts = (torch.cat(part) for part in zip(*drawn, strict=True))
            output = self._run_stage(stage, x, bboxes, img_shapes)
            stage_losses = head.loss(output.predictions, all_bboxes, gts)
            weight = self.stage_loss_weights[stage]
            losses.update(
                {f's{stage}.{k}': v * weight for k, v in stage_losses.items()}
            )
            if stage + 1 < self.num_stages:
                samples = self._next_samples(stage, output.bboxes, batch_data_samples)
        if self.iou_head is not None:
            ious = self.iou_head(output.predictions.local_feats)
            losses.update(self.iou_head.loss(ious, all_bboxes, gts))
        return losses, output.bboxes

    def _next_samples(
        self, stage: int, bboxes: list[Tensor], batch_data_samples: SampleList
    ) -> list[tuple[Tensor, Tensor]]:
        iou_thr = self._stage_iou_thrs[stage]
        return [
            select_by_iou(own, sample.gt_instances.bboxes, iou_thr)
            for own, sample in zip(bboxes, batch_data_samples, strict=True)
        ]

    def _run_stage(
        self, stage: int, x: Features, bboxes: list[Tensor], img_shapes: Shapes
    ) -> StageOutput:
        """Eq. 1 without the selection; refined boxes carry no gradient."""
        head: Any = self.grid_heads[stage]
        extractor = self.grid_roi_extractor
        rois = bbox2roi(bboxes)
        predictions = head(extractor(x[: extractor.num_inputs], rois))
        refined = head.predict_by_feat(predictions, rois[:, 1:])
        per_img = refined.split([len(own) for own in bboxes])
        clipped = [
            clip_bboxes(own, shape)
            for own, shape in zip(per_img, img_shapes, strict=True)
        ]
        return StageOutput(predictions, clipped)

    def rsm_loss(
        self,
        x: Features,
        bboxes: list[Tensor],
        sampling_results: list[SamplingResult],
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Loss of the RSM on final boxes and negatives of the RPN (sec. 3.3)."""
        num_classes = self.rsm_head.num_classes
        iou_thr = self.train_cfg.get('rsm_iou_thr', 0.5)
        rois, labels = [], []
        for i, result in enumerate(sampling_results):
            gt = batch_data_samples[i].gt_instances
            negatives = result.neg_priors
            rois.append(torch.cat([bboxes[i], negatives]))
            labels += [
                resampled_labels(bboxes[i], gt.bboxes, gt.labels, num_classes, iou_thr),
                gt.labels.new_full((len(negatives),), num_classes),
            ]
        logits = self._rsm_logits(x, bbox2roi(rois))
        targets = torch.cat(labels)
        weights = torch.ones_like(targets, dtype=torch.float)
        losses = self.rsm_head.loss(logits, None, None, targets, weights, None, None)
        return fill_missing_cls_losses(losses, logits)

    def _rsm_logits(self, x: Features, rois: Tensor) -> Tensor:
        extractor = self.bbox_roi_extractor
        return self.rsm_head(extractor(x[: extractor.num_inputs], rois))[0].float()

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
        stages = [self._test_stage(rcnn_test_cfg)]
        return self.predict_stages(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale, stages
        )[0]

    def predict_stages(
        self,
        x: Features,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        rescale: bool,
        stages: Collection[int],
    ) -> list[InstanceList]:
        """As :meth:`predict_bbox`, for some ``stages``, from 1, rising, in one pass."""
        classified = super().predict_bbox(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale=False
        )
        img_shapes = [meta['img_shape'] for meta in batch_img_metas]
        bboxes = [result.bboxes for result in classified]
        results = []
        for stage in range(max(stages)):
            output = self._run_stage(stage, x, bboxes, img_shapes)
            bboxes = output.bboxes
            if stage + 1 in stages:
                scores = self._score(x, classified, output, stage, rcnn_test_cfg)
                stage_results = [
                    _finish(bboxes[i], scores[i], classified[i].labels, rcnn_test_cfg)
                    for i in range(len(bboxes))
                ]
                results.append(stage_results)
        if rescale:
            for stage_results in results:
                _rescale(stage_results, batch_img_metas)
        return results

    def _score(
        self,
        x: Features,
        classified: InstanceList,
        output: StageOutput,
        stage: int,
        test_cfg: ConfigType,
    ) -> tuple[Tensor, ...]:
        cls_scores = torch.cat([result.scores for result in classified])
        counts = [len(result) for result in classified]
        gamma = test_cfg.get('gamma', 0.8)
        if gamma is None:
            return cls_scores.split(counts)
        ious = rsm_scores = None
        if self.iou_head is not None and stage + 1 == self.num_stages:
            local_feats = output.predictions.local_feats
            ious = self.iou_head.predict_by_feat(self.iou_head(local_feats))
        if self.rsm_head is not None:
            labels = torch.cat([result.labels for result in classified])
            logits = self._rsm_logits(x, bbox2roi(output.bboxes))
            rsm_scores = logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
        return fused_scores(cls_scores, ious, rsm_scores, gamma).split(counts)


def _finish(
    bboxes: Tensor, scores: Tensor, labels: Tensor, test_cfg: ConfigType
) -> InstanceData:
    order = scores.argsort(descending=True, stable=True)
    result = InstanceData(
        bboxes=bboxes[order], scores=scores[order], labels=labels[order]
    )
    return suppress_duplicates(result, test_cfg.get('final_nms'))


def _rescale(results: InstanceList, batch_img_metas: list[dict]) -> None:
    for result, meta in zip(results, batch_img_metas, strict=True):
        result.bboxes = unscale_bboxes(result.bboxes, meta['scale_factor'])
