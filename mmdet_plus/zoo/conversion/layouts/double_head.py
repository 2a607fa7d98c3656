"""Double-Head R-CNN of maskrcnn-benchmark: backbone, pyramid, proposals and fc-head.

The background is class 0 there, and boxes have four values for it too. Names of the
conv-head's layers differ between forks; those that are unknown are listed as unused.
These models read images as BGR without scaling, have the stride of a bottleneck in its
first convolution, and other conventions of anchors and RoIs:
``configs/double_head/double-head-legacy_r50_fpn_1x_coco.py`` is for them.
"""

import re

from ..rules import Rule, background_last, boxes_without_background


def _pyramid(match: re.Match) -> str:
    kind = dict(inner='lateral_convs', layer='fpn_convs')[match[1]]
    return f'neck.{kind}.{int(match[2]) - 1}.conv.{match[3]}'


_PREFIX = r'(?:module\.)?'
_BOX = rf'{_PREFIX}roi_heads\.box\.'

MASKRCNN_BENCHMARK = (
    Rule(rf'{_PREFIX}backbone\.body\.stem\.(.+)', r'backbone.\1'),
    Rule(rf'{_PREFIX}backbone\.body\.(layer\d\..+)', r'backbone.\1'),
    Rule(rf'{_PREFIX}backbone\.fpn\.fpn_(inner|layer)(\d)\.(.+)', _pyramid),
    Rule(rf'{_PREFIX}rpn\.head\.conv\.(.+)', r'rpn_head.rpn_conv.\1'),
    Rule(rf'{_PREFIX}rpn\.head\.cls_logits\.(.+)', r'rpn_head.rpn_cls.\1'),
    Rule(rf'{_PREFIX}rpn\.head\.bbox_pred\.(.+)', r'rpn_head.rpn_reg.\1'),
    Rule(rf'{_BOX}feature_extractor\.fc6\.(.+)', r'roi_head.bbox_head.fc_branch.0.\1'),
    Rule(rf'{_BOX}feature_extractor\.fc7\.(.+)', r'roi_head.bbox_head.fc_branch.1.\1'),
    Rule(
        rf'{_BOX}feature_extractor\.(?:conv_branch|xconvs)\.(.+)',
        r'roi_head.bbox_head.conv_branch.\1',
    ),
    Rule(
        rf'{_BOX}feature_extractor\.res_block\.(.+)',
        r'roi_head.bbox_head.res_block.\1',
    ),
    Rule(
        rf'{_BOX}predictor\.cls_score\.(.+)',
        r'roi_head.bbox_head.fc_cls.\1',
        background_last,
    ),
    Rule(
        rf'{_BOX}predictor\.bbox_pred\.(.+)',
        r'roi_head.bbox_head.fc_reg.\1',
        boxes_without_background,
    ),
)
