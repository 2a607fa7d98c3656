"""RefineDet with VGG-16: the PyTorch port and the authors' Caffe models.

Both order the anchors of a cell square, wide, tall, where MMDetection has wide, square,
tall, and both count the background as class 0.
"""

import re
from functools import partial

import torch
from torch import Tensor

from ..rules import Rule, background_last

ANCHORS = [1, 0, 2]  # theirs, in our order


def by_anchor(weight: Tensor) -> Tensor:
    """Rows (3 * K, ...), anchor by anchor, in our order of anchors."""
    return weight.unflatten(0, (3, -1))[ANCHORS].flatten(0, 1)


def classes_by_anchor(weight: Tensor) -> Tensor:
    """Class rows (3 * (1 + C), ...) in our order of anchors, the background last."""
    anchors = weight.unflatten(0, (3, -1))[ANCHORS]
    return torch.stack([background_last(rows) for rows in anchors]).flatten(0, 1)


def for_rgb(weight: Tensor) -> Tensor:
    """Weights (n, 3, h, w) that read blue first, as Caffe does, for red first."""
    return weight.flip(1)


def _times_three(target: str, plus: int, match: re.Match) -> str:
    """Name of a layer whose place in a flat list of three per level is known."""
    level, remainder = divmod(int(match[1]) - plus, 3)
    assert remainder == 0
    return f'neck.{target.format(level)}.conv.{match[2]}'


PARAMETER = r'(weight|bias)'
# `vgg` counts as torchvision does; of three places per level in `tcb0` the first and
# third are convolutions, in `tcb2` the second.
REFINEDET_PYTORCH = (
    Rule(rf'vgg\.(\d+)\.{PARAMETER}', r'backbone.features.\1.\2'),
    Rule(r'conv4_3_L2Norm\.weight', 'backbone.l2_norms.0.weight'),
    Rule(r'conv5_3_L2Norm\.weight', 'backbone.l2_norms.1.weight'),
    Rule(rf'extras\.0\.{PARAMETER}', r'backbone.extra.0.\1'),
    Rule(rf'extras\.1\.{PARAMETER}', r'backbone.extra.2.\1'),
    Rule(rf'arm_loc\.(\d)\.{PARAMETER}', r'arm_head.reg_convs.\1.\2', by_anchor),
    # Ours is object first, so that the background is last.
    Rule(
        rf'arm_conf\.(\d)\.{PARAMETER}', r'arm_head.cls_convs.\1.\2', classes_by_anchor
    ),
    Rule(rf'odm_loc\.(\d)\.{PARAMETER}', r'bbox_head.reg_convs.\1.\2', by_anchor),
    Rule(
        rf'odm_conf\.(\d)\.{PARAMETER}',
        r'bbox_head.cls_convs.\1.\2',
        classes_by_anchor,
    ),
    Rule(
        rf'tcb0\.([0369])\.{PARAMETER}', partial(_times_three, 'lateral_convs.{}.0', 0)
    ),
    Rule(
        rf'tcb0\.(2|5|8|11)\.{PARAMETER}',
        partial(_times_three, 'lateral_convs.{}.1', 2),
    ),
    Rule(rf'tcb1\.(\d)\.{PARAMETER}', r'neck.deconvs.\1.0.\2'),
    Rule(
        rf'tcb2\.(1|4|7|10)\.{PARAMETER}', partial(_times_three, 'output_convs.{}', 1)
    ),
)

# Places in VGG's list of layers.
VGG_LAYERS = {
    'conv1_1': 0,
    'conv1_2': 2,
    'conv2_1': 5,
    'conv2_2': 7,
    'conv3_1': 10,
    'conv3_2': 12,
    'conv3_3': 14,
    'conv4_1': 17,
    'conv4_2': 19,
    'conv4_3': 21,
    'conv5_1': 24,
    'conv5_2': 26,
    'conv5_3': 28,
    'fc6': 31,
    'fc7': 33,
}
# Feature levels: what the anchor refinement reads, and the level's name after it.
SOURCES = {'conv4_3_norm': 0, 'conv5_3_norm': 1, 'fc7': 2, 'conv6_2': 3}
PYRAMID = {'P3': 0, 'P4': 1, 'P5': 2, 'P6': 3}


def _looked_up(
    table: dict[str, int], target: str, match: re.Match, shift: int = 0
) -> str:
    return target.format(table[match[1]] + shift, match[2])


def _any_of(table: dict[str, int]) -> str:
    return f'({"|".join(table)})'


REFINEDET_CAFFE = (
    Rule(r'conv1_1\.weight', 'backbone.features.0.weight', for_rgb),
    Rule(
        rf'{_any_of(VGG_LAYERS)}\.{PARAMETER}',
        partial(_looked_up, VGG_LAYERS, 'backbone.features.{}.{}'),
    ),
    Rule(r'conv4_3_norm\.weight', 'backbone.l2_norms.0.weight'),
    Rule(r'conv5_3_norm\.weight', 'backbone.l2_norms.1.weight'),
    Rule(rf'conv6_1\.{PARAMETER}', r'backbone.extra.0.\1'),
    Rule(rf'conv6_2\.{PARAMETER}', r'backbone.extra.2.\1'),
    Rule(
        rf'{_any_of(SOURCES)}_mbox_loc\.{PARAMETER}',
        partial(_looked_up, SOURCES, 'arm_head.reg_convs.{}.{}'),
        by_anchor,
    ),
    Rule(
        rf'{_any_of(SOURCES)}_mbox_conf\.{PARAMETER}',
        partial(_looked_up, SOURCES, 'arm_head.cls_convs.{}.{}'),
        classes_by_anchor,
    ),
    Rule(
        rf'{_any_of(PYRAMID)}_mbox_loc\.{PARAMETER}',
        partial(_looked_up, PYRAMID, 'bbox_head.reg_convs.{}.{}'),
        by_anchor,
    ),
    Rule(
        rf'{_any_of(PYRAMID)}_mbox_conf\.{PARAMETER}',
        partial(_looked_up, PYRAMID, 'bbox_head.cls_convs.{}.{}'),
        classes_by_anchor,
    ),
    *(
        Rule(
            rf'TL{level + 3}_{place + 1}\.{PARAMETER}',
            rf'neck.lateral_convs.{level}.{place}.conv.\1',
        )
        for level in range(4)
        for place in range(2)
    ),
    # `P4-up` enlarges P4 for the level below.
    Rule(
        rf'{_any_of(PYRAMID)}-up\.{PARAMETER}',
        partial(_looked_up, PYRAMID, 'neck.deconvs.{}.0.{}', shift=-1),
    ),
    Rule(
        rf'{_any_of(PYRAMID)}\.{PARAMETER}',
        partial(_looked_up, PYRAMID, 'neck.output_convs.{}.conv.{}'),
    ),
)
