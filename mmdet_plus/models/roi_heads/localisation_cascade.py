"""Localisation heads one after another, each on the boxes of the one before."""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType
from mmengine.model import ModuleList
from torch import Tensor

from ..task_modules.bbox_geometry import clip_bboxes
from ..task_modules.box_matching import match_bboxes
from .roi_training import draw_rows

RoIReader = Callable[[Tensor], Tensor]
Shapes = Sequence[tuple[int, int]]


class LocalisationHead(Protocol):
    """A module that localises RoIs: ``PointGridHead``, ``DenseLocalRegressionHead``."""

    def __call__(self, roi_feats: Tensor) -> tuple:
        """Predictions from RoI features (n, C, s, s), ``local_feats`` the first."""

    def loss(
        self, predictions: Any, bboxes: Tensor, gt_bboxes: Tensor
    ) -> dict[str, Tensor]:
        """Losses of predictions for boxes (n, 4) with their ground truth (n, 4)."""

    def predict_by_feat(self, predictions: Any, bboxes: Tensor) -> Tensor:
        """Boxes (n, 4) xyxy from predictions for boxes (n, 4)."""


class StageOutput(NamedTuple):
    """What a stage makes of its RoIs."""

    inputs: list[Tensor]
    """(n_i, 4) xyxy of each image, the RoIs."""
    predictions: tuple
    """What the head returned for the RoIs of all images, its ``local_feats`` first."""
    bboxes: list[Tensor]
    """(n_i, 4) xyxy of each image, refined, and clipped unless between stages."""


class CascadeTraining(NamedTuple):
    """What a cascade learns from a batch, and what its last stage saw and found."""

    losses: dict[str, Tensor]
    """Of the heads, after ``s0.``, ``s1.`` and so on."""
    last: StageOutput
    """Of the last stage."""
    gt_bboxes: Tensor
    """(n, 4) xyxy, ground truth of the RoIs of the last stage."""


class LocalisationCascade(ModuleList):
    """Stages that localise, each on the features of boxes that the one before found.

    CMM of CPM R-CNN (arXiv 2003.03570), sec. 3.2, Eq. 1 and 2.

    Args:
        head: config of the ``LocalisationHead`` of each stage.
        num_stages: stages of the cascade.
        mapping_ratios: the key ``mapping_ratio`` of each stage's head (Table 4); those
            past ``num_stages`` are not used. None for heads without.
        loss_weights: beta of each stage (Eq. 2), at least as many as stages.
        clip_between: whether the boxes that a stage reads are clipped to the image; the
            last ones always are.
    """

    def __init__(
        self,
        head: ConfigType,
        *,
        num_stages: int,
        mapping_ratios: Sequence[float] | None,
        loss_weights: Sequence[float],
        clip_between: bool = True,
    ) -> None:
        ratios = loss_weights if mapping_ratios is None else mapping_ratios
        if not 1 <= num_stages <= len(ratios):
            raise ValueError(
                f'num_stages must be from 1 to {len(ratios)}, the number of '
                f'mapping_ratios, got {num_stages}'
            )
        check_num_values('stage_loss_weights', loss_weights, num_stages, num_stages)
        keys: list[dict[str, Any]] = [{}] * num_stages
        if mapping_ratios is not None:
            keys = [dict(mapping_ratio=ratio) for ratio in mapping_ratios[:num_stages]]
        super().__init__(MODELS.build({**head, **own}) for own in keys)
        self.loss_weights = tuple(loss_weights)
        self.clip_between = clip_between

    def forward(
        self,
        read: RoIReader,
        bboxes: list[Tensor],
        img_shapes: Shapes,
        num_stages: int | None = None,
    ) -> list[StageOutput]:
        """Refine boxes.

        Args:
            read: gives the features (n, C, s, s) of RoIs (n, 5).
            bboxes: (n_i, 4) xyxy of each image, pixels of the network input.
            img_shapes: height and width of each image.
            num_stages: how many of the stages, None for all.

        Returns:
            Of each stage.
        """
        outputs = []
        last = num_stages or len(self)
        for stage in range(last):
            clip = self.clip_between or stage + 1 == last
            output = _run_stage(self[stage], read, bboxes, img_shapes, clip=clip)
            outputs.append(output)
            bboxes = output.bboxes
        return outputs

    def loss(
        self,
        read: RoIReader,
        samples: list[tuple[Tensor, Tensor]],
        gt_bboxes: list[Tensor],
        img_shapes: Shapes,
        *,
        iou_thrs: Sequence[float],
        max_rois: int,
    ) -> CascadeTraining:
        """Losses of all stages, which train one by one.

        Args:
            read: as for :meth:`forward`.
            samples: of each image, RoIs (n_i, 4) that train the first stage, and the
                ground truth (n_i, 4) of each, xyxy.
            gt_bboxes: (g_i, 4) all ground truth of each image.
            img_shapes: height and width of each image.
            iou_thrs: IoU above which boxes train the second stage, the third and so on.
            max_rois: most RoIs of an image that train a stage.
        """
        losses = {}
        for stage, head in enumerate(self):
            drawn = [draw_rows(*pair, limit=max_rois) for pair in samples]
            clip = self.clip_between or stage + 1 == len(self)
            inputs = [pair[0] for pair in drawn]
            output = _run_stage(head, read, inputs, img_shapes, clip=clip)
            bboxes, targets = (torch.cat(part) for part in zip(*drawn, strict=True))
            stage_losses = head.loss(output.predictions, bboxes, targets)
            for name, loss in stage_losses.items():
                losses[f's{stage}.{name}'] = self.loss_weights[stage] * loss
            if stage + 1 < len(self):
                samples = [
                    select_by_iou(boxes, gts, iou_thrs[stage])
                    for boxes, gts in zip(output.bboxes, gt_bboxes, strict=True)
                ]
        return CascadeTraining(losses, output, targets)


def _run_stage(
    head: LocalisationHead,
    read: RoIReader,
    bboxes: list[Tensor],
    img_shapes: Shapes,
    *,
    clip: bool,
) -> StageOutput:
    """Eq. 1 without the selection."""
    rois = bbox2roi(bboxes)
    predictions = head(read(rois))
    # Stages are trained one by one: "boxes of higher IoU quality are chosen for the
    # next stage" (Fig. 2).
    refined = head.predict_by_feat(predictions, rois[:, 1:]).detach()
    per_img = refined.split([len(boxes) for boxes in bboxes])
    found = [
        clip_bboxes(boxes, shape) if clip else boxes
        for boxes, shape in zip(per_img, img_shapes, strict=True)
    ]
    return StageOutput(bboxes, predictions, found)


def select_by_iou(
    bboxes: Tensor, gt_bboxes: Tensor, iou_thr: float
) -> tuple[Tensor, Tensor]:
    """The selector S of Eq. 1: refined boxes and ground truth that train a stage.

    Args:
        bboxes: (n, 4) xyxy, results of the stage before.
        gt_bboxes: (g, 4) xyxy in the same frame; they join the boxes.
        iou_thr: boxes are kept where their IoU is above.

    Returns:
        Boxes (m, 4) and the ground truth (m, 4) of each.
    """
    candidates = torch.cat([bboxes, gt_bboxes])
    ious, indices = match_bboxes(candidates, gt_bboxes)
    keep = ious > iou_thr
    return candidates[keep], gt_bboxes[indices[keep]]


def check_num_values(
    name: str, values: Sequence[float], needed: int, num_stages: int
) -> None:
    """Raise ``ValueError`` where there are fewer values than stages need."""
    if len(values) < needed:
        raise ValueError(
            f'{name} must have {needed} values for {num_stages} stages, got {values}'
        )
