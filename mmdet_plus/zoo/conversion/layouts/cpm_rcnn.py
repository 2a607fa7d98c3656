"""CPM R-CNN of the authors' framework: backbone, pyramid, proposals and classes.

The background is class 0 there. Their weights carry no licence: this converts a file
that the user has, and nothing of theirs is distributed. The names of the grid branches
are unknown here; ``convert_weights.py`` lists them as unused, and takes their names
from a file (``--rules``).
"""

import re

from ..rules import Rule, background_last

TOP_LEVEL = 3


def _top(match: re.Match) -> str:
    """``p5_in`` and ``p5_out`` belong to the coarsest map of the backbone."""
    return f'neck.{_kind(match[1])}.{TOP_LEVEL}.conv.{match[2]}'


def _lower(match: re.Match) -> str:
    """``fpn_in.0`` and ``fpn_out.0`` to the next finer one, and so on."""
    level = TOP_LEVEL - 1 - int(match[2])
    return f'neck.{_kind(match[1])}.{level}.conv.{match[3]}'


def _kind(direction: str) -> str:
    return 'fpn_convs' if direction == 'out' else 'lateral_convs'


_HEAD = 'roi_head.bbox_head'
PARAMETER = r'(?:0\.)?(weight|bias)'

CPM_PET = (
    Rule(r'Conv_Body\.(.+)', r'backbone.\1'),
    Rule(rf'Conv_Body_FPN\.p5_(in|out)\.{PARAMETER}', _top),
    Rule(rf'Conv_Body_FPN\.fpn_(in|out)\.([0-2])\.{PARAMETER}', _lower),
    Rule(r'RPN\.head\.conv\.(.+)', r'rpn_head.rpn_conv.\1'),
    Rule(r'RPN\.head\.cls_logits\.(.+)', r'rpn_head.rpn_cls.\1'),
    Rule(r'RPN\.head\.bbox_pred\.(.+)', r'rpn_head.rpn_reg.\1'),
    Rule(r'Fast_RCNN\.Head\.fc6\.(.+)', rf'{_HEAD}.shared_fcs.0.\1'),
    Rule(r'Fast_RCNN\.Head\.fc7\.(.+)', rf'{_HEAD}.shared_fcs.1.\1'),
    Rule(r'Fast_RCNN\.Output\.cls_score\.(.+)', rf'{_HEAD}.fc_cls.\1', background_last),
)
