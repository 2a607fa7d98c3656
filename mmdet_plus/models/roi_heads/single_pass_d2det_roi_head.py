"""RoI head of D2Det whose masks need no second pass over the RoIs."""

import torch
from mmdet.registry import MODELS
from mmdet.utils import InstanceList
from mmengine.structures import InstanceData
from torch import Tensor

from ..task_modules.bbox_geometry import unscale_bboxes
from .bbox_heads.dense_local_regression_head import DenseLocalPredictions
from .d2det_roi_head import D2DetRoIHead


@MODELS.register_module()
class SinglePassD2DetRoIHead(D2DetRoIHead):
    """Predicts masks from the features that also localised the boxes.

    D2Det (CVPR 2020), sec. 3.3, read literally: a mask is that of the proposal, and
    reaches no further. The released models read the features once more, on the
    localised boxes, as ``D2DetRoIHead`` does; weights and boxes are the same. Faster,
    and worse where proposals are loose: the AP is in docs/evidence.md, the time in
    docs/benchmarks.md. Cannot be exported.

    Detections that DCR refines keep the masks of their proposals. Those of another
    head, which bring no features, get the masks of ``D2DetRoIHead``.
    """

    def _localised(
        self, predictions: DenseLocalPredictions, rois: Tensor
    ) -> InstanceData:
        localised = super()._localised(predictions, rois)
        if self.with_mask:
            localised.rois = rois
            localised.local_feats = predictions.local_feats
        return localised

    def predict_mask(
        self,
        x: tuple[Tensor, ...],
        batch_img_metas: list[dict],
        results_list: InstanceList,
        rescale: bool = False,
    ) -> InstanceList:
        """Predict and rate the masks of the RoIs (sec. 3.3).

        Args:
            x: feature levels (B, C, H_i, W_i).
            batch_img_metas: with ``ori_shape`` and ``scale_factor``.
            results_list: what :meth:`predict_bbox` returned, not rescaled.
            rescale: whether boxes and masks return in the size of the original image.

        Returns:
            The detections with ``masks`` (k, h, w) bool and ``mask_scores`` (k,).
        """
        if not all('local_feats' in result for result in results_list):
            return super().predict_mask(x, batch_img_metas, results_list, rescale)
        labels = torch.cat([result.labels for result in results_list])
        local_feats = torch.cat([result.pop('local_feats') for result in results_list])
        bboxes = [result.bboxes for result in results_list]
        for result in results_list:
            result.bboxes = result.pop('rois')  # where the masks are pasted
        results = self.mask_head.predict_by_feat(
            self.mask_head(local_feats, labels),
            results_list,
            batch_img_metas,
            self.test_cfg,
            rescale=rescale,
        )
        for result, own, meta in zip(results, bboxes, batch_img_metas, strict=True):
            result.bboxes = (
                unscale_bboxes(own, meta['scale_factor']) if rescale else own
            )
        return results
