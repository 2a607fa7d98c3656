"""DCR: the authors' MXNet models of Faster R-CNN with 2 fc layers and ResNet.

The background is class 0 there, proposals have a logit for the background beside that
of the object, and the refiner's layers have the base detector's names after ``dcr_``.
Their normalisation of images differs from that of our configs, which must be changed
(``data_preprocessor``) for their numbers to carry over.
"""

import re

from torch import Tensor

from ..rules import Rule, background_last, boxes_without_background

BRANCHES = {'1': 'downsample.0', '2a': 'conv1', '2b': 'conv2', '2c': 'conv3'}
NORMS = {'1': 'downsample.1', '2a': 'bn1', '2b': 'bn2', '2c': 'bn3'}
STATISTICS = {
    'weight': 'weight',
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
    """``res4b22_branch2a_weight`` and so on; blocks are a, b, c or a, b1, b2, ..."""
    prefix, kind, stage, letter, number, branch, value = match.groups()
    block = int(number) if number else 'abcdefgh'.index(letter)
    layer = (BRANCHES if kind == 'res' else NORMS)[branch]
    owner = 'roi_head.refiner.tail' if prefix else 'backbone'
    return f'{owner}.layer{int(stage) - 1}.{block}.{layer}.{STATISTICS[value]}'


def _first_norm(match: re.Match) -> str:
    return f'backbone.bn1.{STATISTICS[match[1]]}'


PARAMETER = r'(weight|bias)'
DCR_MXNET = (
    Rule(r'conv1_weight', 'backbone.conv1.weight'),
    Rule(r'bn_conv1_(gamma|beta|moving_mean|moving_var)', _first_norm),
    Rule(
        r'(dcr_)?(res|bn)([2-5])([a-h])(\d*)_branch(1|2[abc])_'
        r'(weight|gamma|beta|moving_mean|moving_var)',
        _residual_layer,
    ),
    Rule(rf'conv_new_1_{PARAMETER}', r'neck.conv.conv.\1'),
    Rule(rf'rpn_conv_3x3_{PARAMETER}', r'rpn_head.rpn_conv.\1'),
    Rule(rf'rpn_cls_score_{PARAMETER}', r'rpn_head.rpn_cls.\1', object_logits),
    Rule(rf'rpn_bbox_pred_{PARAMETER}', r'rpn_head.rpn_reg.\1'),
    Rule(rf'fc_new_1_{PARAMETER}', r'roi_head.base.bbox_head.shared_fcs.0.\1'),
    Rule(rf'fc_new_2_{PARAMETER}', r'roi_head.base.bbox_head.shared_fcs.1.\1'),
    Rule(
        rf'cls_score_{PARAMETER}', r'roi_head.base.bbox_head.fc_cls.\1', background_last
    ),
    Rule(
        rf'bbox_pred_{PARAMETER}',
        r'roi_head.base.bbox_head.fc_reg.\1',
        boxes_without_background,
    ),
    Rule(rf'dcr_cls_score_{PARAMETER}', r'roi_head.refiner.fc_cls.\1', background_last),
)
