"""Object detection module (ODM) of RefineDet."""

from collections.abc import Sequence
from typing import Any

import torch
from mmdet.models.dense_heads.base_dense_head import BaseDenseHead
from mmdet.models.utils import filter_scores_and_topk, unpack_gt_instances
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptInstanceList, OptMultiConfig
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.duplicate_suppression import suppress_duplicates
from ..task_modules.multibox import (
    Targets,
    flatten_levels,
    multibox_losses,
    multibox_targets,
    tiled_anchors,
)
from .anchor_refinement_head import Refinement
from .multibox_layers import (
    build_anchor_generator,
    build_predictors,
    build_residual_blocks,
    check_loss,
)


@MODELS.register_module()
class ObjectDetectionHead(BaseDenseHead):
    """Classifies priors and regresses boxes from them.

    RefineDet (1711.06897), sec. 3 and 4. The priors are those that an
    ``AnchorRefinementHead`` hands over as an argument. Without any it works on the
    tiled anchors: in a ``SingleStageDetector`` it is the SSD-like detector of the last
    column of Table 3.

    Args:
        num_classes: without the background.
        in_channels: channels of the feature levels.
        residual_channels: of a residual block before the predictors of each level, 1024
            in the released ResNet-101 models; None for no block.
        anchor_generator: None for the paper's anchors.
        bbox_coder: None for offsets with variances 0.1 and 0.2.
        loss_cls: of class logits, the background last.
        loss_bbox: of offsets.
        train_cfg: ``assigner`` and ``neg_pos_ratio``.
        test_cfg: ``score_thr``; ``nms_pre``, how many scores of an image go on;
            ``nms``; ``max_per_img``; ``final_nms`` (None), a suppression of what is
            left, such as the soft one of the models released for COCO.
    """

    def __init__(
        self,
        num_classes: int,
        *,
        in_channels: Sequence[int] = (256, 256, 256, 256),
        residual_channels: int | None = None,
        anchor_generator: ConfigType | None = None,
        bbox_coder: ConfigType | None = None,
        loss_cls: ConfigType | None = None,
        loss_bbox: ConfigType | None = None,
        train_cfg: ConfigType | None = None,
        test_cfg: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        super().__init__(
            init_cfg or dict(type='Xavier', layer='Conv2d', distribution='uniform')
        )
        self.num_classes = num_classes
        self.prior_generator = build_anchor_generator(anchor_generator, in_channels)
        self.bbox_coder = TASK_UTILS.build(
            bbox_coder or dict(type='ClampedDeltaXYWHBBoxCoder')
        )
        self.residual_blocks = build_residual_blocks(in_channels, residual_channels)
        widths = [residual_channels or width for width in in_channels]
        self.cls_convs = build_predictors(widths, self.prior_generator, num_classes + 1)
        self.reg_convs = build_predictors(widths, self.prior_generator, 4)
        self.loss_cls = MODELS.build(loss_cls or dict(type='CrossEntropyLoss'))
        check_loss(self.loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox or dict(type='SmoothL1Loss'))
        self.train_cfg: Any = train_cfg
        self.test_cfg: Any = test_cfg
        self.assigner = TASK_UTILS.build(train_cfg['assigner']) if train_cfg else None

    def forward(self, x: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Predict from feature levels (B, C_i, H_i, W_i).

        Returns:
            Class logits (B, A * (num_classes + 1), H_i, W_i), anchor by anchor, and
            offsets (B, A * 4, H_i, W_i) of each level.
        """
        x = [block(f) for block, f in zip(self.residual_blocks, x, strict=True)]
        logits = [conv(f) for conv, f in zip(self.cls_convs, x, strict=True)]
        deltas = [conv(f) for conv, f in zip(self.reg_convs, x, strict=True)]
        return logits, deltas

    def loss(
        self,
        x: Sequence[Tensor],
        batch_data_samples: SampleList,
        refinement: Refinement | None = None,
    ) -> dict[str, Tensor]:
        """Losses of the anchors that are kept.

        Args:
            x: feature levels (B, C_i, H_i, W_i).
            batch_data_samples: the ground truth.
            refinement: refined anchors of all places and which are kept; None for the
                tiled anchors, all kept.

        Returns:
            ``loss_cls`` and ``loss_bbox``.
        """
        gt_instances, ignored, _ = unpack_gt_instances(batch_data_samples)
        logits, deltas = self(x)
        return self.loss_by_feat(logits, deltas, gt_instances, ignored, refinement)

    def loss_by_feat(
        self,
        cls_logits: list[Tensor],
        bbox_deltas: list[Tensor],
        batch_gt_instances: InstanceList,
        batch_ignored: OptInstanceList = None,
        refinement: Refinement | None = None,
    ) -> dict[str, Tensor]:
        """Losses of predictions; see :meth:`loss`."""
        logits = flatten_levels(cls_logits, self.num_classes + 1)
        deltas = flatten_levels(bbox_deltas, 4)
        if refinement is None:
            anchors = tiled_anchors(self.prior_generator, cls_logits)
            priors, kept = [anchors] * len(deltas), None
        else:
            priors, kept = refinement.priors, refinement.kept
        targets = self.get_targets(priors, batch_gt_instances, batch_ignored)
        loss_cls, loss_bbox = multibox_losses(
            logits,
            deltas,
            targets,
            kept,
            loss_cls=self.loss_cls,
            loss_bbox=self.loss_bbox,
            neg_pos_ratio=self.train_cfg['neg_pos_ratio'],
        )
        return dict(loss_cls=loss_cls, loss_bbox=loss_bbox)

    def get_targets(
        self,
        priors: Sequence[Tensor],
        batch_gt_instances: InstanceList,
        batch_ignored: OptInstanceList = None,
    ) -> Targets:
        """Classes and encoded boxes for priors, (N, 4) of each image."""
        return multibox_targets(
            priors,
            batch_gt_instances,
            batch_ignored,
            assigner=self.assigner,
            coder=self.bbox_coder,
            background=self.num_classes,
        )

    def predict(
        self,
        x: Sequence[Tensor],
        batch_data_samples: SampleList,
        rescale: bool = False,
        refinement: Refinement | None = None,
    ) -> InstanceList:
        """Detections of each image; see :meth:`predict_by_feat`."""
        return self.predict_by_feat(
            *self(x),
            batch_img_metas=[sample.metainfo for sample in batch_data_samples],
            rescale=rescale,
            refinement=refinement,
        )

    @torch.no_grad()
    def predict_by_feat(
        self,
        cls_logits: list[Tensor],
        bbox_deltas: list[Tensor],
        *,
        batch_img_metas: list[dict],
        rescale: bool = False,
        refinement: Refinement | None = None,
    ) -> InstanceList:
        """Detections of each image (sec. 4, inference).

        Args:
            cls_logits: as :meth:`forward` returns them.
            bbox_deltas: likewise.
            batch_img_metas: with ``img_shape`` and, for ``rescale``, ``scale_factor``.
            rescale: whether boxes return in pixels of the original image.
            refinement: the kept anchors, refined; None for all anchors as tiled.

        Returns:
            ``bboxes`` (k, 4) xyxy, ``scores`` (k,) in [0, 1] falling, and ``labels``
            (k,) of each image.
        """
        logits = flatten_levels(cls_logits, self.num_classes + 1)
        deltas = flatten_levels(bbox_deltas, 4)
        if refinement is None:
            anchors = tiled_anchors(self.prior_generator, cls_logits)
            everything = logits.new_ones(logits.shape[:2], dtype=torch.bool)
            refinement = Refinement(everything, [anchors] * len(logits))
        results = []
        for i, img_meta in enumerate(batch_img_metas):
            kept, priors = refinement.kept[i], refinement.priors[i]
            found = self._detect(logits[i][kept], deltas[i][kept], priors, img_meta)
            result = self._bbox_post_process(
                found, cfg=self.test_cfg, rescale=rescale, img_meta=img_meta
            )
            results.append(suppress_duplicates(result, self.test_cfg.get('final_nms')))
        return results

    def _detect(
        self, logits: Tensor, deltas: Tensor, priors: Tensor, img_meta: dict
    ) -> InstanceData:
        """The ``nms_pre`` most confident (prior, class) pairs, decoded and clipped."""
        scores, labels, rows, _ = filter_scores_and_topk(
            logits.softmax(dim=1)[:, :-1],
            self.test_cfg['score_thr'],
            self.test_cfg['nms_pre'],
        )
        bboxes = self.bbox_coder.decode(
            priors[rows], deltas[rows], max_shape=img_meta['img_shape']
        )
        return InstanceData(bboxes=bboxes, scores=scores, labels=labels)
