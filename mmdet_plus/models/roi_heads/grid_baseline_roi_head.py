"""Grid R-CNN's RoI head as a baseline."""

from mmdet.models.roi_heads import GridRoIHead
from mmdet.models.task_modules.samplers import SamplingResult
from mmdet.registry import MODELS
from torch import Tensor

from .roi_training import fill_missing_cls_losses


@MODELS.register_module()
class GridBaselineRoIHead(GridRoIHead):
    """``GridRoIHead`` whose losses have the same keys for every batch.

    MMDetection leaves ``loss_grid`` out when no image of a batch has an object, and
    then the processes of a distributed training wait for each other.
    """

    def bbox_loss(
        self,
        x: tuple[Tensor, ...],
        sampling_results: list[SamplingResult],
        batch_img_metas: list[dict] | None = None,
    ) -> dict:
        """As the parent's, with all of ``loss_cls``, ``acc`` and ``loss_grid``.

        Args:
            x: feature levels (B, C, H_i, W_i).
            sampling_results: RoIs of each image and their objects.
            batch_img_metas: with ``img_shape`` of each image.
        """
        results = super().bbox_loss(x, sampling_results, batch_img_metas)
        losses = fill_missing_cls_losses(results['loss_bbox'], results['cls_score'])
        if 'loss_grid' not in losses:
            # All of its parameters get a gradient, of zeros.
            losses['loss_grid'] = sum(p.sum() for p in self.grid_head.parameters()) * 0
        return results | dict(loss_bbox=losses)
