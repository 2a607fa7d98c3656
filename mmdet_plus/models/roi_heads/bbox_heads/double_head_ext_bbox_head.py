"""The fc-head and the conv-head of Double-Head-Ext R-CNN."""

from itertools import pairwise
from typing import Any, NamedTuple

from mmcv.cnn import ConvModule, NonLocal2d, build_norm_layer
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.layers import multiclass_nms
from mmdet.models.roi_heads.bbox_heads import BBoxHead
from mmdet.models.roi_heads.bbox_heads.double_bbox_head import BasicResBlock
from mmdet.models.utils import empty_instances
from mmdet.registry import MODELS
from mmdet.utils import ConfigType, InstanceList, OptMultiConfig
from mmengine.model import ModuleList, Sequential
from mmengine.structures import InstanceData
from torch import Tensor, nn

from ...task_modules.bbox_geometry import unscale_bboxes
from ..roi_training import fill_missing_cls_losses
from ..score_fusion import fuse_heads
from .double_head_tasks import check_tasks, task_weights
from .grouped_non_local import GroupedNonLocal2d

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
        init_cfg: OptMultiConfig = None,
        **kwargs: Any,
    ) -> None:
        weights = task_weights(lambda_fc, lambda_conv, fc_loss_weight, conv_loss_weight)
        check_tasks(weights, fusion)
        for name in ('with_cls', 'with_reg'):
            if not kwargs.get(name, True):
                raise ValueError(
                    f'DoubleHeadExtBBoxHead has no {name}: the weights of the losses '
                    'say what is built; only DoubleHeadExtRoIHead uses it'
                )
        _check_sizes(num_fcs, num_fc_convs, num_blocks, conv_out_channels)
        super().__init__(
            with_avg_pool=True,
            in_channels=in_channels,
            init_cfg=init_cfg or _default_init(weights),
            **kwargs,
        )
        self.task_weights = weights
        self.fusion = fusion
        self.non_local_groups = non_local_groups
        self.fc_convs: Sequential | None = None
        self.fc_branch: Sequential | None = None
        self.conv_branch: ModuleList | None = None
        norm = norm_cfg or dict(type='BN')
        if self.with_fc_head:
            self.fc_convs = self._build_convs(num_fc_convs, fc_conv_channels, norm)
            width = fc_conv_channels if num_fc_convs else in_channels
            self.fc_branch = self._build_fcs(
                width, num_fcs, fc_out_channels, fc_norm_cfg
            )
        if self.with_conv_head:
            self.conv_branch = self._build_blocks(
                num_blocks, with_non_local, conv_out_channels, norm
            )
        self._build_predictors(dict(fc=fc_out_channels, conv=conv_out_channels))

    @property
    def with_fc_head(self) -> bool:
        """Whether the fc-head does anything."""
        return self.task_weights['fc_cls'] + self.task_weights['fc_reg'] > 0

    @property
    def with_conv_head(self) -> bool:
        """Whether the conv-head does anything."""
        return self.task_weights['conv_cls'] + self.task_weights['conv_reg'] > 0

    def _build_convs(
        self, num_convs: int, channels: int, norm_cfg: ConfigType
    ) -> Sequential:
        widths = [self.in_channels] + [channels] * num_convs
        return Sequential(
            *(
                ConvModule(before, after, 3, padding=1, norm_cfg=norm_cfg)
                for before, after in pairwise(widths)
            )
        )

    def _build_fcs(
        self, in_channels: int, num_fcs: int, channels: int, norm_cfg: ConfigType | None
    ) -> Sequential:
        layers: list[nn.Module] = []
        width = in_channels * self.roi_feat_area
        for _ in range(num_fcs):
            layers.append(nn.Linear(width, channels))
            if norm_cfg is not None:
                layers.append(build_norm_layer(norm_cfg, channels)[1])
            layers.append(nn.ReLU(inplace=True))
            width = channels
        xavier = dict(type='Xavier', layer='Linear', distribution='uniform')
        return Sequential(*layers, init_cfg=xavier)

    def _build_blocks(
        self, num_blocks: int, with_non_local: bool, channels: int, norm_cfg: ConfigType
    ) -> ModuleList:
        blocks = [BasicResBlock(self.in_channels, channels, norm_cfg=norm_cfg)]
        for _ in range(num_blocks - 1):
            if with_non_local:
                blocks.append(self._build_non_local(channels, norm_cfg))
            blocks.append(Bottleneck(channels, channels // 4, norm_cfg=norm_cfg))
        return ModuleList(blocks)

    def _build_non_local(self, channels: int, norm_cfg: ConfigType) -> NonLocal2d:
        if self.non_local_groups is None:
            return NonLocal2d(channels)
        return GroupedNonLocal2d(
            channels, groups=self.non_local_groups, norm_cfg=norm_cfg
        )

    def _build_predictors(self, widths: dict[str, int]) -> None:
        boxes = 1 if self.reg_class_agnostic else self.num_classes
        sizes = dict(cls=self.num_classes + 1, reg=boxes * self.bbox_coder.encode_size)
        cfgs = dict(cls=self.cls_predictor_cfg, reg=self.reg_predictor_cfg)
        for name, weight in self.task_weights.items():
            head, task = name.split('_')
            ends = dict(in_features=widths[head], out_features=sizes[task])
            layer = MODELS.build(dict(cfgs[task], **ends)) if weight > 0 else None
            setattr(self, name, layer)

    def forward(
        self, fc_feats: Tensor | None, conv_feats: Tensor | None
    ) -> DoubleHeadOutputs:
        """Predict with both heads.

        Args:
            fc_feats: RoI features (n, C, k, k) of the fc-head; unused without it.
            conv_feats: RoI features (n, C, k, k) of the conv-head; unused without it.

        Returns:
            Predictions in float32.
        """
        fc = conv = None
        if self.fc_branch is not None:
            assert fc_feats is not None
            assert self.fc_convs is not None
            fc = self.fc_branch(self.fc_convs(fc_feats).flatten(1))
        if self.conv_branch is not None:
            assert conv_feats is not None
            conv = self.conv_maps(conv_feats).mean(dim=(2, 3))
        return DoubleHeadOutputs(
            fc_cls_logits=_predict(self.fc_cls, fc),
            fc_bbox_deltas=_predict(self.fc_reg, fc),
            conv_cls_logits=_predict(self.conv_cls, conv),
            conv_bbox_deltas=_predict(self.conv_reg, conv),
        )

    def conv_maps(self, roi_feats: Tensor) -> Tensor:
        """Output maps (n, W, k, k) of the conv-head's blocks for (n, C, k, k)."""
        assert self.conv_branch is not None, 'there is no conv-head'
        for block in self.conv_branch:
            if isinstance(block, NonLocal2d) and roi_feats.shape[0] == 0:
                roi_feats = _attend_to_nothing(block, roi_feats)
            else:
                roi_feats = block(roi_feats)
        return roi_feats

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
        predictions = dict(fc=outputs[:2], conv=outputs[2:])
        losses: dict[str, Tensor] = {}
        for head, (logits, deltas) in predictions.items():
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
        logits = dict(fc=outputs.fc_cls_logits, conv=outputs.conv_cls_logits)
        scores = {
            head: own.softmax(dim=-1) for head, own in logits.items() if own is not None
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
        detections, labels = multiclass_nms(
            bboxes, scores, test_cfg.score_thr, test_cfg.nms, test_cfg.max_per_img
        )
        return InstanceData(
            bboxes=detections[:, :4], scores=detections[:, 4], labels=labels
        )


def _predict(layer: nn.Module | None, feats: Tensor | None) -> Tensor | None:
    return None if layer is None else layer(feats).float()


def _attend_to_nothing(block: NonLocal2d, roi_feats: Tensor) -> Tensor:
    """mmcv's block cannot reshape an empty batch; its parameters still take part."""
    total = sum(parameter.flatten()[0] for parameter in block.parameters())
    return roi_feats + total * 0


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


def _check_sizes(
    num_fcs: int, num_fc_convs: int, num_blocks: int, conv_out_channels: int
) -> None:
    for name, value in (('num_fcs', num_fcs), ('num_blocks', num_blocks)):
        if value < 1:
            raise ValueError(f'{name} must be at least 1, got {value}')
    if num_fc_convs < 0:
        raise ValueError(f'num_fc_convs must not be negative, got {num_fc_convs}')
    if conv_out_channels % 4:
        raise ValueError(
            f'conv_out_channels must be a multiple of 4, got {conv_out_channels}'
        )
