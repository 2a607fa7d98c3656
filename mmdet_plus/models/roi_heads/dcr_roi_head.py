"""RoI head whose boxes are scored a second time."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from mmdet.models.roi_heads import BaseRoIHead
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .refiners.box_refiner import RefinerInputs
from .refiners.rescoring import (
    check_refine_at,
    rescore_candidates,
    rescore_detections,
    top_class_boxes,
)

Features = tuple[Tensor, ...]


class RefinerFeatures(tuple):
    """Feature levels (B, C, H_i, W_i), and beside them what a refiner looks at.

    A tuple like any other for everyone who does not know.
    """

    inputs: RefinerInputs

    def __new__(cls, levels: Features, inputs: RefinerInputs) -> 'RefinerFeatures':
        """Carry ``inputs`` beside ``levels``."""
        features = super().__new__(cls, levels)
        features.inputs = inputs
        return features


@MODELS.register_module()
class DCRRoIHead(BaseRoIHead):
    """Any RoI head, and a refiner trained with it end to end.

    DCR V2 (arXiv 1810.04002), sec. 4.3 and 4.5.2; with a ``CropRefiner``, DCR V1
    trained in one step. The detector must be ``SharedBaseDCR``, which hands over the
    backbone's stages.

    Boxes are refined ``'pre_nms'``, with all their class scores, or ``'post_nms'``, as
    detections. Heads that localise after the suppression of duplicates (D2Det, Grid and
    CPM R-CNN) need the latter.

    The boxes that train the refiner are those that the RoI head gives at test time,
    with batch norms and dropout in test mode. They are numbers only: the refiner's loss
    reaches the shared stages and never the boxes (sec. 4.5.2).

    Args:
        base: RoI head that gives boxes and scores; takes ``train_cfg`` and ``test_cfg``
            of this head.
        refiner: a ``BoxRefiner``.
        refine_at: see above.
        max_candidates: at most so many proposals of each image are decoded for the
            refiner in training; None for all.
    """

    def __init__(
        self,
        base: ConfigType,
        *,
        refiner: ConfigType,
        refine_at: str = 'pre_nms',
        max_candidates: int | None = None,
        train_cfg: ConfigType | None = None,
        test_cfg: ConfigType | None = None,
        init_cfg: Any = None,
    ) -> None:
        super().__init__(train_cfg=train_cfg, test_cfg=test_cfg, init_cfg=init_cfg)
        check_refine_at(refine_at)
        self.base = MODELS.build({**base, 'train_cfg': train_cfg, 'test_cfg': test_cfg})
        check_gives_candidates(self.base, refine_at)
        self.refiner = MODELS.build(refiner)
        self.refine_at = refine_at
        self.max_candidates = max_candidates

    def init_bbox_head(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: ``base`` has the box head."""

    def init_mask_head(self, *args: Any, **kwargs: Any) -> None:
        """Nothing: ``base`` has the mask head."""

    def init_assigner_sampler(self) -> None:
        """Nothing: ``base`` assigns and samples for itself."""

    @property
    def with_bbox(self) -> bool:
        """Whether ``base`` detects boxes."""
        return self.base.with_bbox

    @property
    def with_mask(self) -> bool:
        """Whether ``base`` predicts masks."""
        return self.base.with_mask

    def forward(
        self,
        x: RefinerFeatures,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList | None = None,
    ) -> tuple:
        """Raw outputs of ``base``, then the refiner's for the boxes that it gives."""
        assert batch_data_samples is not None
        metas = [sample.metainfo for sample in batch_data_samples]
        found = self.candidates(x, rpn_results_list, metas)
        outputs = self.base.forward(_levels(x), rpn_results_list, batch_data_samples)
        refined = self.refiner.refine(
            _inputs(x), [own.bboxes for own in found], [own.scores for own in found]
        )
        return (*outputs, refined)

    def loss(
        self,
        x: RefinerFeatures,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """L_rcnn and L_dcr (sec. 4.5.2).

        Args:
            x: feature levels, from ``SharedBaseDCR``.
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: ground truth and meta information of each image.

        Returns:
            Losses of ``base`` and of the refiner.
        """
        gt_instances, _, metas = unpack_gt_instances(batch_data_samples)
        # Before the base's loss, which renames parts of the proposals.
        proposals = [
            InstanceData(bboxes=own.bboxes[: self.max_candidates])
            for own in rpn_results_list
        ]
        candidates = self.candidates(x, proposals, metas)
        losses = self.base.loss(_levels(x), rpn_results_list, batch_data_samples)
        return losses | self.refiner.loss(_inputs(x), candidates, gt_instances)

    def candidates(
        self,
        x: RefinerFeatures,
        rpn_results_list: InstanceList,
        batch_img_metas: list[dict],
    ) -> InstanceList:
        """Boxes of ``base`` as at test time: ``bboxes``, ``scores`` and ``labels``."""
        with torch.no_grad(), _test_mode(self.base):
            found = self._base_boxes(
                x, batch_img_metas, rpn_results_list, self.test_cfg
            )
            if self.refine_at == 'post_nms':
                return found
            return [top_class_boxes(own.bboxes, own.scores) for own in found]

    def predict_bbox(
        self,
        x: RefinerFeatures,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Detections with refined scores; as ``StandardRoIHead.predict_bbox``."""
        inputs = _inputs(x)
        found = self._base_boxes(
            x, batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale
        )
        if self.refine_at == 'post_nms':
            return rescore_detections(
                self.refiner, inputs, found, batch_img_metas, rescale
            )
        return rescore_candidates(
            self.refiner, inputs, found, batch_img_metas, rcnn_test_cfg, rescale
        )

    def predict_mask(self, x: Features, *args: Any, **kwargs: Any) -> InstanceList:
        """As ``base`` does, on the refined detections."""
        return self.base.predict_mask(_levels(x), *args, **kwargs)

    def _base_boxes(
        self,
        x: Features,
        batch_img_metas: list[dict],
        rpn_results_list: InstanceList,
        rcnn_test_cfg: ConfigType,
        rescale: bool = False,
    ) -> InstanceList:
        """Final detections, or (``'pre_nms'``) candidates that are never rescaled."""
        if self.refine_at == 'post_nms':
            return self.base.predict_bbox(
                _levels(x), batch_img_metas, rpn_results_list, rcnn_test_cfg, rescale
            )
        return raw_candidates(self.base, x, batch_img_metas, rpn_results_list)


def raw_candidates(
    roi_head: BaseRoIHead,
    x: Features,
    batch_img_metas: list[dict],
    rpn_results_list: InstanceList,
) -> InstanceList:
    """Decoded boxes and class scores of an RoI head, without threshold and NMS.

    Returns:
        Of each image ``bboxes`` (n, 4) or (n, C * 4) xyxy in pixels of the network
        input, and ``scores`` (n, C + 1), in float32.
    """
    # Without a test_cfg MMDetection's box heads leave boxes as they are.
    found = roi_head.predict_bbox(_levels(x), batch_img_metas, rpn_results_list, None)
    return [
        InstanceData(bboxes=own.bboxes.float(), scores=own.scores.float())
        for own in found
    ]


def check_gives_candidates(roi_head: BaseRoIHead, refine_at: str) -> None:
    """Raise ``ValueError`` if an RoI head has no decoded boxes before NMS."""
    heads = roi_head.bbox_head
    last = heads[-1] if isinstance(heads, nn.ModuleList) else heads
    if refine_at == 'pre_nms' and not getattr(last, 'with_reg', True):
        raise ValueError(
            f'{type(roi_head).__name__} localises boxes after NMS: set '
            "refine_at='post_nms'"
        )


def _levels(x: Features) -> Features:
    return tuple(x)


def _inputs(x: Features) -> RefinerInputs:
    if not isinstance(x, RefinerFeatures):
        raise TypeError(
            'DCRRoIHead needs features of SharedBaseDCR, got a plain '
            f"{type(x).__name__}: set model.type='SharedBaseDCR'"
        )
    return x.inputs


@contextmanager
def _test_mode(module: nn.Module) -> Iterator[None]:
    """Batch norms and dropout as at test time; afterwards as before."""
    modes = {part: part.training for part in module.modules()}
    module.eval()
    try:
        yield
    finally:
        for part, training in modes.items():
            part.training = training
