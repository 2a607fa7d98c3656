"""Double-Head R-CNN of maskrcnn-benchmark: one layout for it and for its extension.

The background is class 0 there, and boxes have four values for it too. ``cls_score``
and ``bbox_pred`` belong to the conv-head, the same names with ``_fc`` to the fc-head.
Images are BGR, which the config's preprocessing keeps.
"""

import re

from ..rules import Rule, background_last, boxes_without_background

RESIDUAL = {
    'top.0': 'conv_identity.conv',
    'top.1': 'conv_identity.bn',
    'bottom.0': 'conv1.conv',
    'bottom.1': 'conv1.bn',
    'bottom.3': 'conv2.conv',
    'bottom.4': 'conv2.bn',
}
BOTTLENECK = {'0': 'conv1', '1': 'bn1', '3': 'conv2', '4': 'bn2', '6': 'conv3'}
BOTTLENECK |= {'7': 'bn3'}
NON_LOCAL = {'g': 'g.conv', 'theta': 'theta.conv', 'phi': 'phi.conv'}
NON_LOCAL |= {'W.0': 'conv_out.conv', 'W.bn': 'conv_out.bn'}

_HEAD = 'roi_head.bbox_head'


def _pyramid(match: re.Match) -> str:
    kind = dict(inner='lateral_convs', layer='fpn_convs')[match[1]]
    return f'neck.{kind}.{int(match[2]) - 1}.conv.{match[3]}'


def _first_block(match: re.Match) -> str:
    return f'{_HEAD}.conv_branch.0.{RESIDUAL[match[1]]}.{match[2]}'


def _non_local(match: re.Match) -> str:
    block = 1 + 2 * int(match[1])
    return f'{_HEAD}.conv_branch.{block}.{NON_LOCAL[match[2]]}.{match[3]}'


def _bottleneck(match: re.Match) -> str:
    block = 2 + 2 * int(match[1])
    return f'{_HEAD}.conv_branch.{block}.{BOTTLENECK[match[2]]}.{match[3]}'


_FEATURES = r'roi_heads\.box\.feature_extractor\.'
_PREDICTOR = r'roi_heads\.box\.predictor\.'
MASKRCNN_BENCHMARK = (
    Rule(r'backbone\.body\.stem\.(.+)', r'backbone.\1'),
    Rule(r'backbone\.body\.(layer\d\..+)', r'backbone.\1'),
    Rule(r'backbone\.fpn\.fpn_(inner|layer)(\d)\.(.+)', _pyramid),
    Rule(r'rpn\.anchor_generator\.cell_anchors\.\d', None),
    Rule(r'rpn\.head\.conv\.(.+)', r'rpn_head.rpn_conv.\1'),
    Rule(r'rpn\.head\.cls_logits\.(.+)', r'rpn_head.rpn_cls.\1'),
    Rule(r'rpn\.head\.bbox_pred\.(.+)', r'rpn_head.rpn_reg.\1'),
    Rule(rf'{_FEATURES}nonlocal_conv\.(top\.\d|bottom\.\d)\.(.+)', _first_block),
    Rule(
        rf'{_FEATURES}shared_nonlocal\.(\d)\.(g|theta|phi|W\.0|W\.bn)\.(.+)', _non_local
    ),
    Rule(
        rf'{_FEATURES}shared_nonlocal\.(\d)\.ffconv\.bottleneck\.(\d)\.(.+)',
        _bottleneck,
    ),
    Rule(rf'{_FEATURES}fc6\.(.+)', rf'{_HEAD}.fc_branch.0.\1'),
    Rule(rf'{_FEATURES}fc7\.(.+)', rf'{_HEAD}.fc_branch.2.\1'),
    Rule(rf'{_PREDICTOR}cls_score\.(.+)', rf'{_HEAD}.conv_cls.\1', background_last),
    Rule(rf'{_PREDICTOR}cls_score_fc\.(.+)', rf'{_HEAD}.fc_cls.\1', background_last),
    Rule(
        rf'{_PREDICTOR}bbox_pred\.(.+)',
        rf'{_HEAD}.conv_reg.\1',
        boxes_without_background,
    ),
    Rule(
        rf'{_PREDICTOR}bbox_pred_fc\.(.+)',
        rf'{_HEAD}.fc_reg.\1',
        boxes_without_background,
    ),
)
