"""The fc-head and the conv-head of Double-Head-Ext R-CNN."""

from typing import Any, NamedTuple

from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.utils import empty_instances
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, InstanceList, OptMultiConfig
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ...task_modules.bbox_geometry import unscale_bboxes
from ...task_modules.duplicate_suppression import best_of_classes
from ..roi_training import fill_missing_cls_losses
from ..score_fusion import fuse_heads
from .double_head_tasks import check_tasks, task_weights
from .task_head import (
    TaskHead,
    TaskOutputs,
    build_blocks,
    build_convs,
    build_fcs,
    check_sizes,
)

# Start of the last layers, as in MMDetection's heads.
CLS_STD, REG_STD = 0.01, 0.001


class DoubleHeadOutputs(NamedTuple):
    """Predictions of both heads for n RoIs, None where a head lacks the task.

    Logits are (n, C + 1) with the background last, deltas (n, 4 * C), or (n, 4) where
    the boxes are class-agnostic.
    """

    fc_cls_logits: Tensor | None
    fc_bbox_deltas: Tensor | None
    conv_cls_logits: Tensor | None
    conv_bbox_deltas: Tensor | None

    @property
    def by_head(self) -> dict[str, TaskOutputs]:
        """The same, of ``fc`` and of ``conv``."""
        return dict(
            fc=TaskOutputs(self.fc_cls_logits, self.fc_bbox_deltas),
            conv=TaskOutputs(self.conv_cls_logits, self.conv_bbox_deltas),
        )


@MODELS.register_module()
class DoubleHeadExtBBoxHead(BBoxHead):
    """Classifies and localises with fully connected layers and with convolutions.

    Double-Head-Ext of "Rethinking Classification and Localization for Object Detection"
    (arXiv 1904.06493), sec. 4. The fc-head focuses on the classes, the conv-head on the
    boxes; each is also supervised on the task it does not focus on, and the scores of
    both are fused. Boxes come from the conv-head, or from the fc-head where the
    conv-head has none.

    A task whose weight is zero is not built, so the weights also select the detectors
    the paper compares: ``lambda_fc = lambda_conv = 1`` is plain Double-Head,
    ``lambda_fc = lambda_conv = 0`` the reversed one, and ``conv_loss_weight = 0`` (or
    ``fc_loss_weight = 0``) leaves a single head.

    Args:
        in_channels: channels of the RoI features.
        num_fcs: fully connected layers of the fc-head.
        fc_out_channels: their width.
        fc_norm_cfg: normalisation after each, which training from scratch needs;
            ``dict(type='LN')`` also works for a single RoI. None as in the paper.
        num_fc_convs: 3x3 convolutions with ``norm_cfg`` before these layers, another
            help for training from scratch. 0 as in the paper.
        fc_conv_channels: their width.
        fc_head_blocks: residual blocks, as the conv-head has them, that the head in the
            place of the fc-head has instead of these layers: Double-Conv of the paper's
            comparison. 0 for the fc-head.
        num_blocks: residual blocks of the conv-head; the first changes the width, the
            others are bottlenecks.
        with_non_local: whether a non-local block stands before each bottleneck.
        non_local_groups: 4 for the non-local blocks of the released models,
            ``GroupedNonLocal2d``; None for mmcv's.
        conv_out_channels: width of the conv-head, a multiple of 4.
        norm_cfg: normalisation in the residual blocks; None for batch norm.
        lambda_fc: share of the classes in the loss of the fc-head.
        lambda_conv: share of the boxes in the loss of the conv-head.
        fc_loss_weight: weight of the fc-head in the loss.
        conv_loss_weight: weight of the conv-head in the loss.
        fusion: ``'fc'`` or ``'conv'`` for the scores of one head, or a mode of
            ``score_fusion.fuse_heads``.
        num_roi_feats: how many features of each RoI the RoI head gives. Other RoI heads
            than ``DoubleHeadExtRoIHead``, which says 2, give one and are refused.
        **kwargs: as ``BBoxHead`` takes them. ``loss_cls``, ``loss_bbox`` and the
            configs of the last layers serve both heads; the losses' own weights
            multiply those above.
    """

    def __init__(
        self,
        in_channels: int = 256,
        *,
        num_fcs: int = 2,
        fc_out_channels: int = 1024,
        fc_norm_cfg: ConfigType | None = None,
        num_fc_convs: int = 0,
        fc_conv_channels: int = 256,
        fc_head_blocks: int = 0,
        num_blocks: int = 3,
        with_non_local: bool = True,
        non_local_groups: int | None = None,
        conv_out_channels: int = 1024,
        norm_cfg: ConfigType | None = None,
        lambda_fc: float = 0.7,
        lambda_conv: float = 0.8,
        fc_loss_weight: float = 2.0,
        conv_loss_weight: float = 2.5,
        fusion: str = 'complementary',
        num_roi_feats: int = 1,
        init_cfg: OptMultiConfig = None,
        **kwargs: Any,
    ) -> None:
        _check_owner(num_roi_feats, kwargs)
        weights = task_weights(lambda_fc, lambda_conv, fc_loss_weight, conv_loss_weight)
        check_tasks(weights, fusion)
        check_sizes(num_fcs, num_fc_convs, num_blocks, conv_out_channels)
        super().__init__(
            with_avg_pool=True,
            in_channels=in_channels,
            init_cfg=init_cfg or _default_init(weights),
            **kwargs,
        )
        self.task_weights = weights
        self.fusion = fusion
        self.non_local_groups = non_local_groups
        norm = norm_cfg or dict(type='BN')
        # The layers stand here and not in their TaskHead, and in this order: published
        # weights and resumed optimizers know them so.
        self.fc_convs = self.fc_branch = self.conv_branch = None
        non_local = dict(groups=non_local_groups) if with_non_local else None
        blocks = (conv_out_channels, norm, non_local)
        if self.with_fc_head and fc_head_blocks > 0:
            self.fc_convs = build_blocks(in_channels, fc_head_blocks, *blocks)
            fc_out_channels = conv_out_channels
        elif self.with_fc_head:
            width = fc_conv_channels if num_fc_convs else in_channels
            self.fc_convs = build_convs(
                in_channels, num_fc_convs, fc_conv_channels, norm
            )
            self.fc_branch = build_fcs(
                width * self.roi_feat_area, num_fcs, fc_out_channels, fc_norm_cfg
            )
        if self.with_conv_head:
            self.conv_branch = build_blocks(in_channels, num_blocks, *blocks)
        self._build_predictors(fc_out_channels, conv_out_channels)

    @property
    def with_fc_head(self) -> bool:
        """Whether the fc-head does anything."""
        return self.task_weights['fc_cls'] + self.task_weights['fc_reg'] > 0

    @property
    def with_conv_head(self) -> bool:
        """Whether the conv-head does anything."""
        return self.task_weights['conv_cls'] + self.task_weights['conv_reg'] > 0

    @property
    def task_heads(self) -> dict[str, TaskHead]:
        """Those of ``fc`` and ``conv`` that there are, over the layers of this one."""
        heads = {}
        if self.fc_convs is not None:
            heads['fc'] = TaskHead(
                self.fc_convs, self.fc_branch, self.fc_cls, self.fc_reg
            )
        if self.conv_branch is not None:
            heads['conv'] = TaskHead(
                self.conv_branch, None, self.conv_cls, self.conv_reg
            )
        return heads

    def _build_predictors(self, fc_features: int, conv_features: int) -> None:
        self.fc_cls = self._build_predictor('fc_cls', fc_features)
        self.fc_reg = self._build_predictor('fc_reg', fc_features)
        self.conv_cls = self._build_predictor('conv_cls', conv_features)
        self.conv_reg = self._build_predictor('conv_reg', conv_features)

    def _build_predictor(self, name: str, in_features: int) -> nn.Module | None:
        if self.task_weights[name] == 0:
            return None
        if name.endswith('_cls'):
            cfg, size = self.cls_predictor_cfg, self.num_classes + 1
        else:
            boxes = 1 if self.reg_class_agnostic else self.num_classes
            cfg, size = self.reg_predictor_cfg, boxes * self.bbox_coder.encode_size
        return MODELS.build(dict(cfg, in_features=in_features, out_features=size))

    def forward(
        self, fc_feats: Tensor | None, conv_feats: Tensor | None = None
    ) -> DoubleHeadOutputs:
        """Predict with both heads.

        Args:
            fc_feats: RoI features (n, C, k, k) of the fc-head; unused without it.
            conv_feats: RoI features (n, C, k, k) of the conv-head; unused without it.

        Returns:
            Predictions in float32.

        Raises:
            TypeError: the features of a head are missing.
        """
        feats = dict(fc=fc_feats, conv=conv_feats)
        outputs = dict(fc=TaskOutputs(None, None), conv=TaskOutputs(None, None))
        for name, head in self.task_heads.items():
            own = feats[name]
            if own is None:
                raise TypeError(
                    f'DoubleHeadExtBBoxHead needs RoI features for its {name}-head, '
                    'which only DoubleHeadExtRoIHead gives'
                )
            outputs[name] = head.predict(own)
        return DoubleHeadOutputs(*outputs['fc'], *outputs['conv'])

    def loss(
        self,
        outputs: DoubleHeadOutputs,
        rois: Tensor,
        labels: Tensor,
        label_weights: Tensor,
        bbox_targets: Tensor,
        bbox_weights: Tensor,
    ) -> dict[str, Tensor]:
        """Weighted losses of the tasks of both heads (Eq. 1 to 3).

        Args:
            outputs: as :meth:`forward` returns them.
            rois: (n, 5) batch index, x1, y1, x2, y2, pixels of the network input.
            labels: (n,), ``num_classes`` for the background.
            label_weights: (n,).
            bbox_targets: (n, 4) encoded boxes.
            bbox_weights: (n, 4).

        Returns:
            Of each head ``loss_HEAD_cls`` and ``acc_HEAD`` if it classifies and
            ``loss_HEAD_bbox`` if it localises; HEAD is ``fc`` or ``conv``.
        """
        targets = (labels, label_weights, bbox_targets, bbox_weights)
        losses: dict[str, Tensor] = {}
        for head, (logits, deltas) in outputs.by_head.items():
            own = super().loss(logits, deltas, rois, *targets)
            if logits is not None:
                own = fill_missing_cls_losses(own, logits)
                losses[f'loss_{head}_cls'] = (
                    own['loss_cls'] * self.task_weights[f'{head}_cls']
                )
                losses[f'acc_{head}'] = own['acc']
            if deltas is not None:
                losses[f'loss_{head}_bbox'] = (
                    own['loss_bbox'] * self.task_weights[f'{head}_reg']
                )
        return losses

    def class_scores(self, outputs: DoubleHeadOutputs) -> Tensor:
        """Fused class scores (n, C + 1) in [0, 1], on softmax probabilities (Eq. 4)."""
        scores = {
            head: own.cls_logits.softmax(dim=-1)
            for head, own in outputs.by_head.items()
            if own.cls_logits is not None
        }
        if self.fusion in scores:
            return scores[self.fusion]
        return fuse_heads(scores['fc'], scores['conv'], self.fusion)

    def box_deltas(self, outputs: DoubleHeadOutputs) -> Tensor:
        """Deltas of the conv-head, or of the fc-head if only that localises."""
        deltas = outputs.conv_bbox_deltas
        if deltas is None:
            deltas = outputs.fc_bbox_deltas
        assert deltas is not None, 'refused by the constructor'
        return deltas

    def predict_by_feat(
        self,
        rois: tuple[Tensor, ...],
        cls_scores: tuple[Tensor, ...],
        bbox_preds: tuple[Tensor, ...],
        batch_img_metas: list[dict],
        rcnn_test_cfg: ConfigType | None = None,
        rescale: bool = False,
    ) -> InstanceList:
        """Decode, clip and suppress duplicates.

        Args:
            rois: (n_i, 5) of each image, in pixels of the network input.
            cls_scores: (n_i, C + 1) as :meth:`class_scores` returns them. Unlike
                in ``BBoxHead`` they are no logits: fused scores have none.
            bbox_preds: (n_i, 4 * C) or (n_i, 4) of each image.
            batch_img_metas: with ``img_shape`` and, for ``rescale``, ``scale_factor``.
            rcnn_test_cfg: ``score_thr``, ``nms`` and ``max_per_img``; None for all
                boxes with the scores of all classes.
            rescale: whether boxes return in pixels of the original image.

        Returns:
            ``bboxes`` (m, 4) xyxy, ``scores`` (m,) falling and ``labels`` (m,) of each
            image.
        """
        return [
            self._predict_image(*own, rcnn_test_cfg, rescale)
            for own in zip(rois, cls_scores, bbox_preds, batch_img_metas, strict=True)
        ]

    def _predict_image(
        self,
        rois: Tensor,
        scores: Tensor,
        deltas: Tensor,
        img_meta: dict,
        test_cfg: ConfigType | None,
        rescale: bool,
    ) -> InstanceData:
        if len(rois) == 0:
            return empty_instances(
                [img_meta],
                rois.device,
                task_type='bbox',
                num_classes=self.num_classes,
                score_per_cls=test_cfg is None,
            )[0]
        bboxes = self.bbox_coder.decode(
            rois[:, 1:], deltas, max_shape=img_meta['img_shape']
        )
        if rescale:
            bboxes = unscale_bboxes(bboxes, img_meta['scale_factor'])
        if test_cfg is None:
            return InstanceData(bboxes=bboxes, scores=scores)
        return best_of_classes(bboxes, scores, test_cfg)


def _check_owner(num_roi_feats: int, kwargs: dict[str, Any]) -> None:
    if num_roi_feats != 2:
        raise ValueError(
            'DoubleHeadExtBBoxHead reads two features of each RoI, which only '
            'DoubleHeadExtRoIHead gives: set roi_head.type to it'
        )
    for name in ('with_cls', 'with_reg'):
        if not kwargs.get(name, True):
            raise ValueError(
                f'DoubleHeadExtBBoxHead has no {name}: the weights of the losses say '
                'what is built'
            )


def _default_init(weights: dict[str, float]) -> dict:
    stds = dict(cls=CLS_STD, reg=REG_STD)
    return dict(
        type='Normal',
        override=[
            dict(type='Normal', name=name, std=stds[name.split('_')[1]])
            for name, weight in weights.items()
            if weight > 0
        ],
    )
