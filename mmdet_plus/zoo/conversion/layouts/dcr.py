"""DCR: the authors' MXNet models of Faster R-CNN, with and without DCR V2.

The background is class 0 there, proposals have a logit for the background beside that
of the object, boxes are class-agnostic with rows for the background before the
object's, and the refiner's layers have the base detector's names after ``dcr_``.
"""

import re

from torch import Tensor

from ..rules import Rule, background_last, boxes_without_background
from .resnet import BLOCK, residual_layer

STATISTICS = {
    'weight': 'weight',
    'bias': 'bias',
    'gamma': 'weight',
    'beta': 'bias',
    'moving_mean': 'running_mean',
    'moving_var': 'running_var',
}


def object_logits(weight: Tensor) -> Tensor:
    """Rows (2A, ...), all backgrounds before all objects, as object logits (A, ...).

    The sigmoid of the difference is the softmax of the two.
    """
    background, objects = weight.chunk(2)
    return objects - background


def _residual_layer(match: re.Match) -> str:
    prefix, kind, *place, offset, value = match.groups()
    layer = residual_layer(*place, is_norm=kind == 'bn')
    owner = 'roi_head.refiner.tail' if prefix else 'backbone'
    return f'{owner}.{layer}{".conv_offset" if offset else ""}.{STATISTICS[value]}'


def _first_norm(match: re.Match) -> str:
    return f'backbone.bn1.{STATISTICS[match[1]]}'


def _pyramid(match: re.Match) -> str:
    """``fpn_p2_1x1`` is a lateral convolution, ``fpn_p2`` an output."""
    kind = 'lateral_convs' if match[2] else 'fpn_convs'
    return f'neck.{kind}.{int(match[1]) - 2}.conv.{match[3]}'


def _head(roi_head: str) -> tuple[Rule, ...]:
    """The layers of the RoI head, which DCR V2 wraps."""
    box, extractor = f'{roi_head}.bbox_head', f'{roi_head}.bbox_roi_extractor'

    def offset(match: re.Match) -> str:
        level = int(match[1] or 2) - 2
        return f'{extractor}.roi_layers.{level}.offset.{match[2]}'

    return (
        Rule(rf'fc_new_1_{PARAMETER}', rf'{box}.shared_fcs.0.\1'),
        Rule(rf'fc_new_2_{PARAMETER}', rf'{box}.shared_fcs.1.\1'),
        Rule(rf'cls_score_{PARAMETER}', rf'{box}.fc_cls.\1', background_last),
        Rule(rf'bbox_pred_{PARAMETER}', rf'{box}.fc_reg.\1', boxes_without_background),
        Rule(rf'offset(?:_p(\d))?_{PARAMETER}', offset),
    )


PARAMETER = r'(weight|bias)'
DCR_MXNET = (
    Rule(r'conv1_weight', 'backbone.conv1.weight'),
    Rule(r'bn_conv1_(gamma|beta|moving_mean|moving_var)', _first_norm),
    Rule(
        rf'(dcr_)?(res|bn){BLOCK}(_offset)?_'
        r'(weight|bias|gamma|beta|moving_mean|moving_var)',
        _residual_layer,
    ),
    Rule(rf'conv_new_1_{PARAMETER}', r'neck.conv.conv.\1'),
    Rule(rf'fpn_p(\d)(_1x1)?_{PARAMETER}', _pyramid),
    Rule(rf'rpn_conv(?:_3x3)?_{PARAMETER}', r'rpn_head.rpn_conv.\1'),
    Rule(rf'rpn_cls_score_{PARAMETER}', r'rpn_head.rpn_cls.\1', object_logits),
    Rule(rf'rpn_bbox_pred_{PARAMETER}', r'rpn_head.rpn_reg.\1'),
    *_head('roi_head.base'),
    *_head('roi_head'),
    # The same weights times the standard deviations of the targets.
    Rule(rf'bbox_pred_{PARAMETER}_test', None),
    Rule(rf'dcr_fc1_{PARAMETER}', r'roi_head.refiner.fc_cls.\1', background_last),
)
