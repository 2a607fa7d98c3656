"""RoI head of Double-Head-Ext R-CNN."""

from typing import Any

from mmdet.models.roi_heads import StandardRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from mmdet.structures import SampleList
from mmdet.structures.bbox import bbox2roi
from mmdet.utils import ConfigType, InstanceList
from torch import Tensor

from .roi_training import sample_rois, without_flat_objects
from .unsupported_parts import refuse_parts

Features = tuple[Tensor, ...]


@MODELS.register_module()
class DoubleHeadExtRoIHead(StandardRoIHead):
    """Gives the fc-head each RoI, and the conv-head the same RoI, enlarged.

    Double-Head-Ext of "Rethinking Classification and Localization for Object Detection"
    (arXiv 1904.06493), sec. 4. ``bbox_head`` is a ``DoubleHeadExtBBoxHead``. Any RoI
    extractor that takes ``roi_scale_factor`` serves, also D2Det's.

    Differs from the paper: the RoI of the conv-head is enlarged, as in MMDetection's
    ``DoubleHeadRoIHead``; ``reg_roi_scale_factor=1`` leaves it.

    Args:
        reg_roi_scale_factor: by which RoIs grow about their centres for the conv-head.
    """

    def __init__(self, *, reg_roi_scale_factor: float = 1.3, **kwargs: Any) -> None:
        if reg_roi_scale_factor <= 0:
            raise ValueError(
                f'reg_roi_scale_factor must be positive, got {reg_roi_scale_factor}'
            )
        refuse_parts('DoubleHeadExtRoIHead', kwargs, 'mask_head', 'shared_head')
        super().__init__(**kwargs)
        self.reg_roi_scale_factor = reg_roi_scale_factor

    def init_bbox_head(
        self, bbox_roi_extractor: ConfigType, bbox_head: ConfigType
    ) -> None:
        """Build the RoI extractor and both heads, which learn what they will get."""
        super().init_bbox_head(bbox_roi_extractor, dict(bbox_head, num_roi_feats=2))

    def loss(
        self,
        x: Features,
        rpn_results_list: InstanceList,
        batch_data_samples: SampleList,
    ) -> dict[str, Tensor]:
        """Losses of both heads.

        Args:
            x: feature levels (B, C, H_i, W_i).
            rpn_results_list: proposals of each image, ``bboxes`` (n, 4) xyxy.
            batch_data_samples: ground truth and meta information of each image.

        Returns:
            As ``DoubleHeadExtBBoxHead.loss``; the keys depend on the config only.
        """
        samples = without_flat_objects(batch_data_samples)
        sampling_results = sample_rois(self, x, rpn_results_list, samples)
        return self.bbox_loss(x, sampling_results)['loss_bbox']

    def bbox_loss(
        self, x: Features, sampling_results: list[SamplingResult]
    ) -> dict[str, Any]:
        """What :meth:`_bbox_forward` returns for the sampled RoIs, and ``loss_bbox``.

        Args:
            x: feature levels (B, C, H_i, W_i).
            sampling_results: of each image.
        """
        rois = bbox2roi([result.priors for result in sampling_results])
        results = self._bbox_forward(x, rois)
        targets = self.bbox_head.get_targets(sampling_results, self.train_cfg)
        losses = self.bbox_head.loss(results['outputs'], rois, *targets)
        return dict(results, loss_bbox=losses)

    def _bbox_forward(self, x: Features, rois: Tensor) -> dict[str, Any]:
        """Predictions for RoIs (n, 5).

        Returns:
            ``outputs`` of both heads, ``cls_score`` (n, C + 1), which are fused scores
            in [0, 1] and not logits, ``bbox_pred`` (n, 4 * C), and ``bbox_feats``, the
            RoI features of the fc-head, or of the conv-head where it is alone.
        """
        fc_feats, conv_feats = self.roi_feats(x, rois)
        outputs = self.bbox_head(fc_feats, conv_feats)
        return dict(
            outputs=outputs,
            cls_score=self.bbox_head.class_scores(outputs),
            bbox_pred=self.bbox_head.box_deltas(outputs),
            bbox_feats=conv_feats if fc_feats is None else fc_feats,
        )

    def roi_feats(
        self, x: Features, rois: Tensor
    ) -> tuple[Tensor | None, Tensor | None]:
        """RoI features (n, C, k, k) of fc-head and conv-head; None without that head.

        Args:
            x: feature levels (B, C, H_i, W_i).
            rois: (n, 5) batch index, x1, y1, x2, y2, pixels of the network input.
        """
        fc_feats = conv_feats = None
        if self.bbox_head.with_fc_head:
            fc_feats = self._extract(x, rois, 1.0)
        if self.bbox_head.with_conv_head:
            shared = self.reg_roi_scale_factor == 1 and fc_feats is not None
            conv_feats = (
                fc_feats
                if shared
                else self._extract(x, rois, self.reg_roi_scale_factor)
            )
        return fc_feats, conv_feats

    def _extract(self, x: Features, rois: Tensor, scale_factor: float) -> Tensor:
        levels = x[: self.bbox_roi_extractor.num_inputs]
        scale = None if scale_factor == 1 else scale_factor
        return self.bbox_roi_extractor(levels, rois, roi_scale_factor=scale)
