"""Anchor refinement module (ARM) of RefineDet."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS, TASK_UTILS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList, OptInstanceList, OptMultiConfig
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.multibox import (
    Targets,
    flatten_levels,
    multibox_losses,
    multibox_targets,
    tiled_anchors,
)
from .multibox_layers import (
    build_anchor_generator,
    build_predictors,
    build_residual_blocks,
    check_loss,
)

OBJECT, BACKGROUND = 0, 1  # columns of the objectness logits


class Refinement(NamedTuple):
    """What anchor refinement hands to object detection; nothing carries a gradient.

    ``kept`` (B, N) bool: the anchors that take part.
    ``priors`` xyxy of each image, pixels of the network input, not clipped: for
    training (N, 4), those of all anchors; for inference only those of the kept anchors.
    """

    kept: Tensor
    priors: list[Tensor]


def not_surely_background(objectness_logits: Tensor, threshold: float) -> Tensor:
    """Negative anchor filtering (sec. 3).

    Compares logits, so that no softmax is needed for anchors that are thrown away.

    Args:
        objectness_logits: (..., 2), object and background.
        threshold: on the softmax of the background, in (0, 1]; 1 keeps all.

    Returns:
        (...) bool, False where the background's probability is above the threshold.
    """
    limit = math.log(threshold / (1 - threshold)) if threshold < 1 else math.inf
    logits = objectness_logits.detach().float()
    return ~(logits[..., BACKGROUND] - logits[..., OBJECT] > limit)


@MODELS.register_module()
class AnchorRefinementHead(BaseModule):
    """Tells objects from background and moves anchors towards objects.

    RefineDet (1711.06897), sec. 3 and 4. It has no ``num_classes``: it knows of two
    whatever the data are, and MMDetection's ``NumClassCheckHook`` asks every module
    that has the attribute for the number of the data set.

    Args:
        in_channels: channels of the feature levels.
        residual_channels: of a residual block before the predictors of each level, 1024
            in the released ResNet-101 models; None for no block.
        anchor_generator: None for the paper's anchors.
        bbox_coder: None for offsets with variances 0.1 and 0.2.
        negative_threshold: theta; anchors whose background probability is above it take
            no part in object detection. 1 keeps all.
        refine: False hands on the anchors as they are tiled (third column of Table 3).
        loss_cls: of objectness logits.
        loss_bbox: of offsets.
        train_cfg: ``assigner`` and ``neg_pos_ratio``.
    """

    def __init__(
        self,
        in_channels: Sequence[int] = (512, 512, 1024, 512),
        *,
        residual_channels: int | None = None,
        anchor_generator: ConfigType | None = None,
        bbox_coder: ConfigType | None = None,
        negative_threshold: float = 0.99,
        refine: bool = True,
        loss_cls: ConfigType | None = None,
        loss_bbox: ConfigType | None = None,
        train_cfg: ConfigType | None = None,
        init_cfg: OptMultiConfig = None,
    ) -> None:
        if not 0 < negative_threshold <= 1:
            raise ValueError(
                f'negative_threshold must be in (0, 1], got {negative_threshold}'
            )
        super().__init__(
            init_cfg or dict(type='Xavier', layer='Conv2d', distribution='uniform')
        )
        self.negative_threshold = negative_threshold
        self.refine = refine
        self.prior_generator = build_anchor_generator(anchor_generator, in_channels)
        self.bbox_coder = TASK_UTILS.build(
            bbox_coder or dict(type='ClampedDeltaXYWHBBoxCoder')
        )
        self.residual_blocks = build_residual_blocks(in_channels, residual_channels)
        widths = [residual_channels or width for width in in_channels]
        self.cls_convs = build_predictors(widths, self.prior_generator, 2)
        self.reg_convs = build_predictors(widths, self.prior_generator, 4)
        self.loss_cls = MODELS.build(loss_cls or dict(type='CrossEntropyLoss'))
        check_loss(self.loss_cls)
        self.loss_bbox = MODELS.build(loss_bbox or dict(type='SmoothL1Loss'))
        self.train_cfg: Any = train_cfg
        self.assigner = TASK_UTILS.build(train_cfg['assigner']) if train_cfg else None

    def forward(self, x: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Predict from feature levels (B, C_i, H_i, W_i).

        Returns:
            Objectness logits (B, A * 2, H_i, W_i), for each anchor object and
            background, and offsets (B, A * 4, H_i, W_i) of each level.
        """
        x = [block(f) for block, f in zip(self.residual_blocks, x, strict=True)]
        logits = [conv(f) for conv, f in zip(self.cls_convs, x, strict=True)]
        deltas = [conv(f) for conv, f in zip(self.reg_convs, x, strict=True)]
        return logits, deltas

    def loss(
        self, x: Sequence[Tensor], batch_data_samples: SampleList
    ) -> tuple[dict[str, Tensor], Refinement]:
        """Losses, and what object detection trains on.

        Args:
            x: feature levels (B, C_i, H_i, W_i).
            batch_data_samples: the ground truth.

        Returns:
            ``loss_arm_cls`` and ``loss_arm_bbox``; all anchors, refined, without a
            gradient path, and which of them are kept.
        """
        logit_maps, delta_maps = self(x)
        logits, deltas = flatten_levels(logit_maps, 2), flatten_levels(delta_maps, 4)
        anchors = tiled_anchors(self.prior_generator, logit_maps)
        gt_instances, ignored, _ = unpack_gt_instances(batch_data_samples)
        targets = self.get_targets([anchors] * len(logits), gt_instances, ignored)
        loss_cls, loss_bbox = multibox_losses(
            logits,
            deltas,
            targets,
            None,
            loss_cls=self.loss_cls,
            loss_bbox=self.loss_bbox,
            neg_pos_ratio=self.train_cfg['neg_pos_ratio'],
        )
        # Sec. 3: refined anchors are the initialisation of the second regression, which
        # does not train the first one.
        priors = [self._decode(anchors, offsets) for offsets in deltas.detach()]
        kept = not_surely_background(logits, self.negative_threshold)
        losses = dict(loss_arm_cls=loss_cls, loss_arm_bbox=loss_bbox)
        return losses, Refinement(kept, priors)

    def get_targets(
        self,
        anchors: Sequence[Tensor],
        batch_gt_instances: InstanceList,
        batch_ignored: OptInstanceList = None,
    ) -> Targets:
        """Targets of anchors, (N, 4) of each image: object or background."""
        objects = [
            InstanceData(bboxes=gt.bboxes, labels=torch.zeros_like(gt.labels))
            for gt in batch_gt_instances
        ]
        return multibox_targets(
            anchors,
            objects,
            batch_ignored,
            assigner=self.assigner,
            coder=self.bbox_coder,
            background=BACKGROUND,
        )

    @torch.no_grad()
    def predict(self, x: Sequence[Tensor]) -> Refinement:
        """Filter the anchors of feature levels (B, C_i, H_i, W_i), refine the rest."""
        return self.predict_by_feat(*self(x))

    def predict_by_feat(
        self, objectness_logits: list[Tensor], bbox_deltas: list[Tensor]
    ) -> Refinement:
        """Filter, then decode what is left.

        Args:
            objectness_logits: as :meth:`forward` returns them.
            bbox_deltas: likewise.
        """
        logits = flatten_levels(objectness_logits, 2)
        deltas = flatten_levels(bbox_deltas, 4)
        kept = not_surely_background(logits, self.negative_threshold)
        anchors = tiled_anchors(self.prior_generator, objectness_logits)
        priors = [
            self._decode(anchors[mask], offsets[mask])
            for mask, offsets in zip(kept, deltas, strict=True)
        ]
        return Refinement(kept, priors)

    def _decode(self, anchors: Tensor, deltas: Tensor) -> Tensor:
        return self.bbox_coder.decode(anchors, deltas) if self.refine else anchors
