"""Which boxes of a detector a refiner looks at: before or after NMS."""

import inspect
from abc import ABC, abstractmethod
from typing import Any, NamedTuple

from mmdet.models.detectors import BaseDetector, TwoStageDetector
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, InstanceList
from mmengine.model import BaseModule
from mmengine.structures import InstanceData
from torch import Tensor, nn

from .box_refiner import BoxRefiner, RefinerInputs
from .rescoring import rescore_candidates, rescore_detections, top_class_boxes

Features = tuple[Tensor, ...]
# The methods of an RoI head that are called, and what they are given.
PREDICTIONS = dict(
    predict_bbox=[
        'x',
        'batch_img_metas',
        'rpn_results_list',
        'rcnn_test_cfg',
        'rescale',
    ],
    predict_mask=['x', 'batch_img_metas', 'results_list', 'rescale'],
)


class Request(NamedTuple):
    """How detections of a batch are wanted.

    Attributes:
        batch_img_metas: of each image.
        test_cfg: the RoI head's; None where nothing is suppressed.
        rescale: whether detections are in pixels of the original image.
    """

    batch_img_metas: list[dict]
    test_cfg: ConfigType | None = None
    rescale: bool = False


class Candidates(ABC):
    """The boxes that a refiner gets, and what becomes of them with its scores.

    Both versions of DCR (arXiv 1810.04002) ask one of the two subclasses.
    """

    @abstractmethod
    def check_roi_head(self, roi_head: BaseModule) -> None:
        """Raise ``ValueError`` if an RoI head cannot give such boxes."""

    @abstractmethod
    def check_detector(self, detector: BaseDetector) -> None:
        """Raise ``ValueError`` if a detector cannot give such boxes."""

    @abstractmethod
    def of_roi_head(
        self,
        roi_head: BaseModule,
        x: Features,
        proposals: InstanceList,
        request: Request,
    ) -> InstanceList:
        """Boxes of an RoI head for the proposals of each image.

        Args:
            roi_head: as MMDetection's.
            x: feature levels (B, C, H_i, W_i).
            proposals: of each image ``bboxes`` (n, 4) xyxy.
            request: how detections are wanted.
        """

    @abstractmethod
    def of_detector(
        self,
        detector: BaseDetector,
        batch_inputs: Tensor,
        samples: list,
        rescale: bool,
    ) -> InstanceList:
        """Boxes of a whole detector for images (B, 3, H, W); ``samples`` may change."""

    @abstractmethod
    def for_training(self, found: InstanceList) -> InstanceList:
        """``bboxes``, ``scores`` and ``labels`` of boxes in pixels of the input."""

    @abstractmethod
    def rescore(
        self,
        refiner: BoxRefiner,
        inputs: RefinerInputs,
        found: InstanceList,
        request: Request,
    ) -> InstanceList:
        """Final detections: the boxes with both scores fused."""


class CandidatesBeforeNMS(Candidates):
    """All boxes with all class scores; duplicates are suppressed afterwards.

    They are found in pixels of the network input, and rescaled at the very end.
    """

    def check_roi_head(self, roi_head: BaseModule) -> None:
        """Its box head must localise before NMS, and score the background."""
        _check_predictions(roi_head)
        head, name = last_box_head(roi_head), type(roi_head).__name__
        if not getattr(head, 'with_reg', True):
            raise ValueError(
                f"{name} localises boxes after NMS: set refine_at='post_nms'"
            )
        if getattr(getattr(head, 'loss_cls', None), 'use_sigmoid', False):
            raise ValueError(
                f"{name} has no score for the background: set refine_at='post_nms'"
            )

    def check_detector(self, detector: BaseDetector) -> None:
        """It must have two stages and no masks."""
        if not isinstance(detector, TwoStageDetector):
            raise ValueError(
                f"{type(detector).__name__} has no RoI head: set refine_at='post_nms'"
            )
        self.check_roi_head(detector.roi_head)
        if detector.with_mask:
            raise ValueError("detectors with masks need refine_at='post_nms'")

    def of_roi_head(
        self,
        roi_head: BaseModule,
        x: Features,
        proposals: InstanceList,
        request: Request,
    ) -> InstanceList:
        """``bboxes`` (n, 4) or (n, C * 4), ``scores`` (n, C + 1), both float32."""
        # Without a test_cfg MMDetection's box heads leave boxes as they are.
        found = roi_head.predict_bbox(x, request.batch_img_metas, proposals, None)
        return [
            InstanceData(bboxes=own.bboxes.float(), scores=own.scores.float())
            for own in found
        ]

    def of_detector(
        self,
        detector: BaseDetector,
        batch_inputs: Tensor,
        samples: list,
        rescale: bool,
    ) -> InstanceList:
        """Those of its RoI head."""
        x = detector.extract_feat(batch_inputs)
        proposals = detector.rpn_head.predict(x, samples, rescale=False)
        metas = [sample.metainfo for sample in samples]
        return self.of_roi_head(detector.roi_head, x, proposals, Request(metas))

    def for_training(self, found: InstanceList) -> InstanceList:
        """The box of the best class of each."""
        return [top_class_boxes(own.bboxes, own.scores) for own in found]

    def rescore(
        self,
        refiner: BoxRefiner,
        inputs: RefinerInputs,
        found: InstanceList,
        request: Request,
    ) -> InstanceList:
        """See ``rescore_candidates``."""
        return rescore_candidates(refiner, inputs, found, *request)


class CandidatesFromProposals(CandidatesBeforeNMS):
    """Proposals as they are, of which the detector has no opinion: all scores are one.

    Table 3b, an R-CNN of its own. Hard false positives need scores: of the sampler's
    modes, ``'random'`` and ``'rcnn'`` make sense.
    """

    def of_roi_head(
        self,
        roi_head: BaseModule,
        x: Features,
        proposals: InstanceList,
        request: Request,
    ) -> InstanceList:
        """``bboxes`` (n, 4) and ``scores`` (n, C + 1)."""
        head: Any = last_box_head(roi_head)
        columns = head.num_classes + 1
        return [
            InstanceData(
                bboxes=own.bboxes, scores=own.bboxes.new_ones(len(own), columns)
            )
            for own in proposals
        ]


class CandidatesAfterNMS(Candidates):
    """The final detections, with one class and score each."""

    def check_roi_head(self, roi_head: BaseModule) -> None:
        """It must need nothing but features and proposals."""
        _check_predictions(roi_head)

    def check_detector(self, detector: BaseDetector) -> None:
        """Any will do."""

    def of_roi_head(
        self,
        roi_head: BaseModule,
        x: Features,
        proposals: InstanceList,
        request: Request,
    ) -> InstanceList:
        """``bboxes`` (n, 4), ``scores`` (n,) and ``labels`` (n,)."""
        metas, test_cfg, rescale = request
        return roi_head.predict_bbox(x, metas, proposals, test_cfg, rescale)

    def of_detector(
        self,
        detector: BaseDetector,
        batch_inputs: Tensor,
        samples: list,
        rescale: bool,
    ) -> InstanceList:
        """Its results, with masks where it has them."""
        found = detector.predict(batch_inputs, samples, rescale=rescale)
        return [sample.pred_instances for sample in found]

    def for_training(self, found: InstanceList) -> InstanceList:
        """As they are."""
        return found

    def rescore(
        self,
        refiner: BoxRefiner,
        inputs: RefinerInputs,
        found: InstanceList,
        request: Request,
    ) -> InstanceList:
        """See ``rescore_detections``."""
        metas, _, rescale = request
        return rescore_detections(refiner, inputs, found, metas, rescale)


PLACES: dict[str, Candidates] = dict(
    pre_nms=CandidatesBeforeNMS(),
    post_nms=CandidatesAfterNMS(),
    proposals=CandidatesFromProposals(),
)


def candidates_at(refine_at: str) -> Candidates:
    """The candidates of a place, or ``ValueError`` if there is no such place."""
    if refine_at not in PLACES:
        raise ValueError(
            f'refine_at must be one of {", ".join(PLACES)}, got {refine_at!r}'
        )
    return PLACES[refine_at]


def build_refiner(config: ConfigType, base: nn.Module) -> BoxRefiner:
    """A refiner of as many classes as the RoI head or detector ``base`` has."""
    head = last_box_head(getattr(base, 'roi_head', base))
    count = getattr(head, 'num_classes', None)
    default = {} if count is None else {'num_classes': count}
    refiner = MODELS.build({**default, **config})
    if count not in (None, refiner.num_classes):
        raise ValueError(
            f'refiner.num_classes is {refiner.num_classes}, and the detector has '
            f'{count} classes: leave it out'
        )
    return refiner


def last_box_head(owner: nn.Module) -> nn.Module | None:
    """The box head of an RoI head or of a single-stage detector, of several the last.

    None if there is none.
    """
    heads = getattr(owner, 'bbox_head', None)
    return heads[-1] if isinstance(heads, nn.ModuleList) else heads


def _check_predictions(roi_head: nn.Module) -> None:
    for name, wanted in PREDICTIONS.items():
        method = getattr(roi_head, name, None)
        found = list(inspect.signature(method).parameters) if method else []
        if found[: len(wanted)] == wanted:
            continue
        raise ValueError(
            f'{type(roi_head).__name__} does not predict from features and proposals '
            "alone: use FrozenBaseDCR with refine_at='post_nms'"
        )
