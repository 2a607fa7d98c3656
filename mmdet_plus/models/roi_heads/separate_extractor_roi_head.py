"""RoI head whose class and box branches read different RoI features."""

from typing import Any

from mmdet.models.roi_heads import StandardRoIHead
from mmdet.registry import MODELS
from mmdet.utils import ConfigType
from torch import Tensor

from .unsupported_parts import refuse_parts


@MODELS.register_module()
class SeparateExtractorRoIHead(StandardRoIHead):
    """``StandardRoIHead`` with an RoI extractor for each branch of its box head.

    For the ablation of D2Det (CVPR 2020), Table 2, row 3: discriminative RoI pooling
    for the classes only, boxes by fully connected layers on RoIAlign. The box head runs
    on both features, and of each only one output is used, so it must not share layers
    between classes and boxes.

    Args:
        reg_roi_extractor: RoI extractor of the box branch; ``bbox_roi_extractor`` is
            that of the class branch. Both give features of one size.
        kwargs: what ``StandardRoIHead`` takes, without shared head.
    """

    def __init__(self, *, reg_roi_extractor: ConfigType, **kwargs: Any) -> None:
        refuse_parts('SeparateExtractorRoIHead', kwargs, 'shared_head')
        super().__init__(**kwargs)
        shared = self.bbox_head.num_shared_convs + self.bbox_head.num_shared_fcs
        if shared > 0:
            raise ValueError(
                'SeparateExtractorRoIHead needs a bbox_head without shared layers, got '
                f'{shared}: use num_cls_fcs and num_reg_fcs'
            )
        self.reg_roi_extractor = MODELS.build(reg_roi_extractor)

    def _bbox_forward(self, x: tuple[Tensor, ...], rois: Tensor) -> dict[str, Tensor]:
        cls_feats = self.bbox_roi_extractor(
            x[: self.bbox_roi_extractor.num_inputs], rois
        )
        reg_feats = self.reg_roi_extractor(x[: self.reg_roi_extractor.num_inputs], rois)
        cls_score, _ = self.bbox_head(cls_feats)
        _, bbox_pred = self.bbox_head(reg_feats)
        return dict(cls_score=cls_score, bbox_pred=bbox_pred, bbox_feats=cls_feats)
