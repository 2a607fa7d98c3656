"""Detectors with a refiner: of any kind and frozen (V1), or sharing stages (V2)."""

import copy
from typing import Any

import torch
from mmdet.models.detectors import BaseDetector, TwoStageDetector
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, OptSampleList, SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.runner import load_checkpoint
from torch import Tensor

from ..roi_heads.refiners.box_refiner import BoxRefiner, RefinerInputs
from ..roi_heads.refiners.candidates import Request, build_refiner, candidates_at


@MODELS.register_module()
class SharedBaseDCR(TwoStageDetector):
    """A two-stage detector and a refiner that shares stages of its backbone.

    DCR V2 (arXiv 1810.04002), sec. 4.3 and 4.5.2, trained end to end; with a
    ``CropRefiner``, DCR V1 trained in one step.

    Boxes are refined ``'pre_nms'``, with all their class scores, or ``'post_nms'``, as
    detections. Heads that localise after the suppression of duplicates (D2Det, Grid and
    CPM R-CNN) need the latter.

    Args:
        backbone: for a ``RegionRefiner`` a ResNet, whose outputs begin with stage 1.
        roi_head: any that gives boxes and scores; a whole ``DCRRoIHead``, too, if
            there is no ``refiner``.
        refiner: a ``BoxRefiner``; its ``num_classes`` is the RoI head's by default.
        refine_at: see above.
        candidate_pool: the refiner trains on the boxes of all ``'proposals'``, or of
            those that are ``'sampled'`` as the RoI head samples its own, as in the
            authors' code; about two fifths of them are on an object.
        max_candidates: at most so many proposals of each image are decoded for the
            refiner in training; None for all.
        **kwargs: as ``TwoStageDetector`` takes them.
    """

    def __init__(
        self,
        backbone: ConfigType,
        *,
        roi_head: ConfigType | None = None,
        refiner: ConfigType | None = None,
        refine_at: str = 'pre_nms',
        candidate_pool: str = 'proposals',
        max_candidates: int | None = None,
        **kwargs: Any,
    ) -> None:
        if roi_head is None:
            raise ValueError(
                'SharedBaseDCR refines an RoI head, and there is no roi_head: use '
                "FrozenBaseDCR with refine_at='post_nms'"
            )
        if refiner is not None:
            roi_head = dict(
                type='DCRRoIHead',
                base=roi_head,
                refiner=refiner,
                refine_at=refine_at,
                candidate_pool=candidate_pool,
                max_candidates=max_candidates,
            )
        elif roi_head['type'] not in ('DCRRoIHead', 'mmdet.DCRRoIHead'):
            raise ValueError('SharedBaseDCR needs a refiner')
        super().__init__(backbone, roi_head=roi_head, **kwargs)
        self.refiner.check_backbone(self.backbone)
        self.refiner.read_images_of(self.data_preprocessor)
        if self.with_rpn and not self.with_neck:
            self._check_levels()

    def _check_levels(self) -> None:
        """Refuse maps of the backbone, as the refiner needs them, that the RPN has not.

        Raises:
            ValueError: if the RPN reads another number of them.
        """
        given: Any = getattr(self.backbone, 'out_indices', None)
        generator = getattr(self.rpn_head, 'prior_generator', None)
        reads: Any = getattr(generator, 'num_levels', None)
        if getattr(self.rpn_head, 'in_levels', None) is not None:
            return
        if None not in (given, reads) and len(given) != reads:
            raise ValueError(
                f'without a neck the rpn_head gets all {len(given)} maps of the '
                f'backbone, out_indices={tuple(given)}, and has anchors for {reads}: '
                'add a neck, such as LastStageProjection with a SelectedLevelsRPNHead'
            )

    @property
    def refiner(self) -> BoxRefiner:
        """It scores the boxes of the RoI head a second time."""
        return self.roi_head.refiner

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """L_rpn + L_rcnn + L_dcr (sec. 4.5.2) of images (B, 3, H, W)."""
        inputs, levels = self._features(batch_inputs)
        losses, proposals = self._rpn_losses(levels, batch_data_samples)
        return losses | self.roi_head.loss(
            levels, proposals, batch_data_samples, inputs=inputs
        )

    def predict(
        self,
        batch_inputs: Tensor,
        batch_data_samples: SampleList,
        rescale: bool = True,
    ) -> SampleList:
        """Detect objects in images (B, 3, H, W), with refined scores.

        Args:
            batch_inputs: normalised images.
            batch_data_samples: their meta information; results are added to them.
            rescale: whether boxes return in pixels of the original image.
        """
        inputs, levels = self._features(batch_inputs)
        proposals = self._proposals(levels, batch_data_samples)
        results = self.roi_head.predict(
            levels, proposals, batch_data_samples, rescale, inputs=inputs
        )
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(self, batch_inputs: Tensor, batch_data_samples: SampleList) -> tuple:
        """Raw outputs of the RoI head and of the refiner."""
        inputs, levels = self._features(batch_inputs)
        proposals = self._proposals(levels, batch_data_samples)
        return (self.roi_head(levels, proposals, batch_data_samples, inputs=inputs),)

    def _features(self, images: Tensor) -> tuple[RefinerInputs, tuple[Tensor, ...]]:
        """What the refiner looks at, and the levels of the neck."""
        stages = tuple(self.backbone(images))
        levels = tuple(self.neck(stages)) if self.with_neck else stages
        return RefinerInputs(images, stages), levels

    def _proposals(
        self, levels: tuple[Tensor, ...], samples: SampleList
    ) -> InstanceList:
        """Proposals of the RPN, or those that the data have."""
        if 'proposals' in samples[0]:
            return [sample.proposals for sample in samples]
        return self.rpn_head.predict(levels, samples, rescale=False)

    def _rpn_losses(
        self, levels: tuple[Tensor, ...], samples: SampleList
    ) -> tuple[dict[str, Tensor], InstanceList]:
        """Losses of the RPN, if there is one, and the proposals to train on."""
        if not self.with_rpn:
            return {}, [sample.proposals for sample in samples]
        objects = copy.deepcopy(samples)
        for sample in objects:
            sample.gt_instances.labels.zero_()  # all are of one class
        losses, proposals = self.rpn_head.loss_and_predict(
            levels,
            objects,
            proposal_cfg=self.train_cfg.get('rpn_proposal', self.test_cfg.rpn),
        )
        named = {
            name if 'rpn' in name or 'loss' not in name else f'rpn_{name}': loss
            for name, loss in losses.items()
        }
        return named, proposals


@MODELS.register_module()
class FrozenBaseDCR(BaseDetector):
    """Any detector, frozen, and a refiner that is trained on its boxes.

    DCR V1 (arXiv 1810.04002), sec. 4.2 and 4.5.1: the second of two steps. Two-stage
    detectors are refined ``'pre_nms'``, with all class scores; all detectors can be
    refined ``'post_nms'``, as detections. ``'proposals'`` refines those of the RPN
    (Table 3b).

    Args:
        detector: type of the detector, whose other keys stand beside this one
            (``backbone``, ``bbox_head`` and so on), or its whole config.
        refiner: a ``BoxRefiner`` that shares nothing, such as ``CropRefiner``; its
            ``num_classes`` is the detector's by default.
        detector_checkpoint: path or URL of the trained detector, all of it. Needed in
            training only: checkpoints of this model contain the detector.
        refine_at: see above.
        test_cfg: of the detector. Beside a whole config: ``score_thr``, ``nms`` and
            ``max_per_img`` after refining ``'pre_nms'``, which are those of the
            detector's ``test_cfg.rcnn`` by default. Products of scores are lower than
            scores.
        data_preprocessor: that of the detector, by default the one in its config.
        init_cfg: see ``BaseModule``.
        **parts: the detector's other keys, if ``detector`` is a type.
    """

    def __init__(
        self,
        detector: ConfigType | str,
        *,
        refiner: ConfigType,
        detector_checkpoint: str | None = None,
        refine_at: str = 'pre_nms',
        test_cfg: ConfigType | None = None,
        data_preprocessor: ConfigType | None = None,
        init_cfg: Any = None,
        **parts: Any,
    ) -> None:
        if isinstance(detector, str):
            detector = dict(type=detector, test_cfg=test_cfg, **parts)
            test_cfg = None
        elif parts:
            raise TypeError(f'detector is a whole config, got {", ".join(parts)} too')
        super().__init__(
            data_preprocessor or detector.get('data_preprocessor'), init_cfg
        )
        self.candidates = candidates_at(refine_at)
        self.detector = MODELS.build(detector)
        self.candidates.check_detector(self.detector)
        self.refiner = build_refiner(refiner, self.detector)
        self.refiner.check_backbone(None)
        self.refiner.read_images_of(self.data_preprocessor)
        self.detector_checkpoint = detector_checkpoint
        own_cfg = getattr(self.detector, 'test_cfg', None) or {}
        self.test_cfg = test_cfg or own_cfg.get('rcnn')
        # Sec. 4.5.1: the detector has converged before the refiner starts.
        self.detector.requires_grad_(False)

    @classmethod
    def checkpoints_needed(cls, config: dict) -> dict[str, str]:
        """Which arguments name checkpoints that have to be there before training.

        Args:
            config: of this detector.

        Returns:
            What to do if the file is missing; ``{key}`` stands for the argument's key
            in the whole config.
        """
        if not config.get('detector_checkpoint'):
            return {}
        return dict(
            detector_checkpoint='train the detector first, or set {key} with '
            '--cfg-options. A training that is resumed has the detector in its own '
            'checkpoint: --cfg-options {key}=None'
        )

    def init_weights(self) -> None:
        """Initialise the refiner and load the detector, which must fit completely."""
        self.refiner.init_weights()
        if self.detector_checkpoint is None:
            self.detector.init_weights()
        else:
            self._load_detector(self.detector_checkpoint)

    def _load_detector(self, path: str) -> None:
        try:
            load_checkpoint(self.detector, path, map_location='cpu', strict=True)
        except RuntimeError as error:
            # One line for all missing weights, and so on: enough of it to see why.
            lines = [line[:200] for line in str(error).splitlines() if line.strip()]
            raise ValueError(
                f'detector_checkpoint={path} has other weights than the detector: '
                + '; '.join([*lines[1:4], *lines[-2:]])
            ) from error

    def train(self, mode: bool = True) -> 'FrozenBaseDCR':
        """The detector stays in test mode."""
        super().train(mode)
        self.detector.eval()
        return self

    def extract_feat(self, batch_inputs: Tensor) -> tuple[Tensor, ...]:
        """Features of the detector."""
        return self.detector.extract_feat(batch_inputs)

    def loss(
        self, batch_inputs: Tensor, batch_data_samples: SampleList
    ) -> dict[str, Tensor]:
        """The refiner's losses on images (B, 3, H, W)."""
        gt_instances, _, metas = unpack_gt_instances(batch_data_samples)
        with torch.no_grad():
            found = self._detect(batch_inputs, metas, rescale=False)
        candidates = self.candidates.for_training(found)
        return self.refiner.loss(RefinerInputs(batch_inputs), candidates, gt_instances)

    def predict(
        self,
        batch_inputs: Tensor,
        batch_data_samples: SampleList,
        rescale: bool = True,
    ) -> SampleList:
        """Detect objects in images (B, 3, H, W), with refined scores.

        Args:
            batch_inputs: normalised images.
            batch_data_samples: their meta information; results are added to them.
            rescale: whether boxes return in pixels of the original image.
        """
        inputs = RefinerInputs(batch_inputs)
        metas = [sample.metainfo for sample in batch_data_samples]
        found = self._detect(batch_inputs, metas, rescale)
        request = Request(metas, self.test_cfg, rescale)
        results = self.candidates.rescore(self.refiner, inputs, found, request)
        return self.add_pred_to_datasample(batch_data_samples, results)

    def _forward(
        self, batch_inputs: Tensor, batch_data_samples: OptSampleList = None
    ) -> tuple:
        """Raw outputs of the detector, then the refiner's for the whole images."""
        outputs = self.detector._forward(batch_inputs, batch_data_samples)
        height, width = batch_inputs.shape[-2:]
        whole = batch_inputs.new_tensor([[0, 0, width, height]])
        index = torch.arange(len(batch_inputs)).to(whole)[:, None]
        rois = torch.cat([index, whole.expand(len(index), 4)], dim=1)
        return *outputs, *self.refiner(RefinerInputs(batch_inputs), rois)

    def _detect(
        self, batch_inputs: Tensor, metas: list[dict], rescale: bool
    ) -> InstanceList:
        # Copies, because detectors write results into them.
        samples = [DetDataSample(metainfo=meta) for meta in metas]
        return self.candidates.of_detector(
            self.detector, batch_inputs, samples, rescale
        )
