"""Detectors with a refiner: of any kind and frozen (V1), or sharing stages (V2)."""

from typing import Any

import torch
from mmdet.models.detectors import BaseDetector, TwoStageDetector
from mmdet.models.utils import unpack_gt_instances
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample, OptSampleList, SampleList
from mmdet.utils import ConfigType, InstanceList
from mmengine.runner import load_checkpoint
from torch import Tensor

from ..roi_heads.dcr_roi_head import (
    RefinerFeatures,
    check_gives_candidates,
    raw_candidates,
)
from ..roi_heads.refiners.box_refiner import RefinerInputs
from ..roi_heads.refiners.rescoring import (
    check_refine_at,
    rescore_candidates,
    rescore_detections,
    top_class_boxes,
)


@MODELS.register_module()
class SharedBaseDCR(TwoStageDetector):
    """``TwoStageDetector`` that hands images and the backbone's stages to its RoI head.

    For DCR V2 (arXiv 1810.04002), sec. 4.3: ``roi_head`` is a ``DCRRoIHead``.
    """

    def extract_feat(self, batch_inputs: Tensor) -> RefinerFeatures:
        """The neck's levels; the refiner's inputs lie in their attribute ``inputs``."""
        stages = tuple(self.backbone(batch_inputs))
        levels = self.neck(stages) if self.with_neck else stages
        return RefinerFeatures(levels, RefinerInputs(batch_inputs, stages))


@MODELS.register_module()
class FrozenBaseDCR(BaseDetector):
    """Any detector, frozen, and a refiner that is trained on its boxes.

    DCR V1 (arXiv 1810.04002), sec. 4.2 and 4.5.1: the second of two steps. Two-stage
    detectors are refined ``'pre_nms'``, with all class scores; all detectors can be
    refined ``'post_nms'``, as detections.

    Args:
        detector: whole config of the detector; its ``data_preprocessor`` is unused.
        refiner: a ``BoxRefiner`` that shares nothing, such as ``CropRefiner``.
        detector_checkpoint: path or URL of the trained detector, all of it. Needed in
            training only: checkpoints of this model contain the detector.
        refine_at: see above.
        test_cfg: ``score_thr``, ``nms`` and ``max_per_img`` after refining
            ``'pre_nms'``; the detector's ``test_cfg.rcnn`` by default. Products of
            scores are lower than scores.
        **kwargs: ``data_preprocessor``, that of the detector, and ``init_cfg``.
    """

    def __init__(
        self,
        detector: ConfigType,
        *,
        refiner: ConfigType,
        detector_checkpoint: str | None = None,
        refine_at: str = 'pre_nms',
        test_cfg: ConfigType | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_refine_at(refine_at)
        self.detector = MODELS.build(detector)
        if refine_at == 'pre_nms':
            if not isinstance(self.detector, TwoStageDetector):
                raise ValueError(
                    f'{type(self.detector).__name__} has no RoI head: set '
                    "refine_at='post_nms'"
                )
            check_gives_candidates(self.detector.roi_head, refine_at)
            if self.detector.with_mask:
                raise ValueError("detectors with masks need refine_at='post_nms'")
        self.refiner = MODELS.build(refiner)
        self.refine_at = refine_at
        self.detector_checkpoint = detector_checkpoint
        self.test_cfg = test_cfg
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
        if self.refine_at == 'pre_nms':
            found = [top_class_boxes(own.bboxes, own.scores) for own in found]
        return self.refiner.loss(RefinerInputs(batch_inputs), found, gt_instances)

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
        if self.refine_at == 'pre_nms':
            test_cfg = self.test_cfg or self.detector.test_cfg.rcnn
            results = rescore_candidates(
                self.refiner, inputs, found, metas, test_cfg, rescale
            )
        else:
            results = rescore_detections(self.refiner, inputs, found, metas, rescale)
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
        """Final detections, or (``'pre_nms'``) candidates that are never rescaled."""
        # Copies, because detectors write results into them.
        samples = [DetDataSample(metainfo=meta) for meta in metas]
        if self.refine_at == 'post_nms':
            found = self.detector.predict(batch_inputs, samples, rescale=rescale)
            return [sample.pred_instances for sample in found]
        x = self.detector.extract_feat(batch_inputs)
        proposals = self.detector.rpn_head.predict(x, samples, rescale=False)
        return raw_candidates(self.detector.roi_head, x, metas, proposals)
