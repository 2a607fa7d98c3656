"""CPM R-CNN of the authors' framework.

The background is class 0 there. Batch norms of the backbone are affine layers without
statistics. Their weights carry no licence: this converts a file that the user has, and
nothing of theirs is distributed.
"""

import re
from collections.abc import Mapping

import torch
from torch import Tensor

from ..rules import Rule, background_last

TOP_LEVEL = 3
AFFINE_NORM = re.compile(r'(Conv_Body\..*(?:bn\d|downsample\.1))\.weight')


def with_statistics(weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights with means 0 and variances 1 for the affine norms of the backbone.

    With those a batch norm in evaluation is the affine layer, but for its epsilon, by
    which also the authors' test code divides.
    """
    completed = dict(weights)
    for name, weight in weights.items():
        if match := AFFINE_NORM.fullmatch(name):
            completed.setdefault(f'{match[1]}.running_mean', torch.zeros_like(weight))
            completed.setdefault(f'{match[1]}.running_var', torch.ones_like(weight))
    return completed


def _top(match: re.Match) -> str:
    """``p5_in`` and ``p5_out`` belong to the coarsest map of the backbone."""
    return f'neck.{_kind(match[1])}.{TOP_LEVEL}.conv.{match[2]}'


def _lower(match: re.Match) -> str:
    """``fpn_in.0`` and ``fpn_out.0`` to the next finer one, and so on."""
    level = TOP_LEVEL - 1 - int(match[2])
    return f'neck.{_kind(match[1])}.{level}.conv.{match[3]}'


def _kind(direction: str) -> str:
    return 'fpn_convs' if direction == 'out' else 'lateral_convs'


_SECOND = r'Grid_Cascade_RCNN\.'
PARAMETER = r'(weight|bias)'


def _classifier(theirs: str, own: str) -> tuple[Rule, ...]:
    return (
        Rule(rf'{_SECOND}Head_{theirs}\.fc6\.(.+)', rf'{own}.shared_fcs.0.\1'),
        Rule(rf'{_SECOND}Head_{theirs}\.fc7\.(.+)', rf'{own}.shared_fcs.1.\1'),
        Rule(
            rf'{_SECOND}Output_{theirs}\.cls_score\.(.+)',
            rf'{own}.fc_cls.\1',
            background_last,
        ),
    )


_GRID = rf'{_SECOND}Head_grid_(\d)\.convs\.(\d)\.'
_MAPS = rf'{_SECOND}Output_grid_(\d)\.'
_IOU = rf'{_SECOND}Output_grid_\d\.iou_'
CPM_PET = (
    # Of Caffe's style: blue first, which the config's preprocessing keeps.
    Rule(r'Conv_Body\.(.+)', r'backbone.\1'),
    Rule(rf'Conv_Body_FPN\.p5_(in|out)\.{PARAMETER}', _top),
    Rule(rf'Conv_Body_FPN\.fpn_(in|out)\.([0-2])\.{PARAMETER}', _lower),
    Rule(r'RPN\.anchor_generator\.cell_anchors\.\d', None),
    Rule(r'RPN\.head\.conv\.(.+)', r'rpn_head.rpn_conv.\1'),
    Rule(r'RPN\.head\.cls_logits\.(.+)', r'rpn_head.rpn_cls.\1'),
    Rule(r'RPN\.head\.bbox_pred\.(.+)', r'rpn_head.rpn_reg.\1'),
    *_classifier('cls', 'roi_head.bbox_head'),
    *_classifier('rescore', 'roi_head.rsm_head'),
    Rule(rf'{_GRID}0\.(.+)', r'roi_head.grid_heads.\1.convs.\2.conv.\3'),
    Rule(rf'{_GRID}1\.(.+)', r'roi_head.grid_heads.\1.convs.\2.gn.\3'),
    Rule(rf'{_MAPS}norm1\.(.+)', r'roi_head.grid_heads.\1.deconv_norm.\2'),
    Rule(rf'{_MAPS}deconv_1\.(.+)', r'roi_head.grid_heads.\1.deconv.\2'),
    Rule(rf'{_MAPS}deconv_2\.(.+)', r'roi_head.grid_heads.\1.heatmap_deconv.\2'),
    Rule(rf'{_IOU}fc1\.(.+)', r'roi_head.iou_head.hidden.1.\1'),
    Rule(rf'{_IOU}fc2\.(.+)', r'roi_head.iou_head.hidden.3.\1'),
    Rule(rf'{_IOU}pred\.(.+)', r'roi_head.iou_head.predictor.\1'),
)
