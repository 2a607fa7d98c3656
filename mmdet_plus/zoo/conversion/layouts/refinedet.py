"""RefineDet: the PyTorch port with VGG-16, and the authors' Caffe models.

Both order the anchors of a cell square, wide, tall, where MMDetection has wide, square,
tall, and both count the background as class 0.
"""

import re
from functools import partial

import torch
from torch import Tensor

from ..rules import Rule, background_last
from .resnet import BLOCK, CONVOLUTIONS, NORMS, residual_layer

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
# With ResNet-101 a residual block stands before the predictors of each level.
RESNET_SOURCES = {
    'res3b3_relu_inter': 0,
    'res4b22_relu_inter': 1,
    'res5c_relu_inter': 2,
    'res6_relu_inter': 3,
}
RESNET_PYRAMID = {f'{name}_inter': level for name, level in PYRAMID.items()}


def _looked_up(table: dict[str, int], target: str, match: re.Match) -> str:
    return target.format(table[match[1]], match[2])


def _any_of(table: dict[str, int]) -> str:
    return f'({"|".join(table)})'


def _predictors(prefix: str, levels: dict[str, int], head: str) -> tuple[Rule, ...]:
    name = rf'{prefix}{_any_of(levels)}'
    return (
        Rule(
            rf'{name}_mbox_loc\.{PARAMETER}',
            partial(_looked_up, levels, f'{head}.reg_convs.{{}}.{{}}'),
            by_anchor,
        ),
        Rule(
            rf'{name}_mbox_conf\.{PARAMETER}',
            partial(_looked_up, levels, f'{head}.cls_convs.{{}}.{{}}'),
            classes_by_anchor,
        ),
    )


_VGG = (
    Rule(r'conv1_1\.weight', 'backbone.features.0.weight', for_rgb),
    Rule(
        rf'{_any_of(VGG_LAYERS)}\.{PARAMETER}',
        partial(_looked_up, VGG_LAYERS, 'backbone.features.{}.{}'),
    ),
    Rule(r'conv4_3_norm\.weight', 'backbone.l2_norms.0.weight'),
    Rule(r'conv5_3_norm\.weight', 'backbone.l2_norms.1.weight'),
    Rule(rf'conv6_1\.{PARAMETER}', r'backbone.extra.0.\1'),
    Rule(rf'conv6_2\.{PARAMETER}', r'backbone.extra.2.\1'),
    *_predictors('', SOURCES, 'arm_head'),
    *_predictors('', PYRAMID, 'bbox_head'),
)

# Batch norm is two layers there: statistics and, in a `Scale` layer, their affine map.
KIND = r'(res|bn|scale)'
VALUE = r'(weight|bias|running_mean|running_var)'


def _trunk(match: re.Match) -> str:
    kind, *place, value = match.groups()
    return f'backbone.{residual_layer(*place, is_norm=kind != "res")}.{value}'


def _branch(owner: str, kind: str, branch: str, value: str) -> str:
    layer = (CONVOLUTIONS if kind == 'res' else NORMS)[branch]
    return f'{owner}.{layer}.{value}'


def _last_block(match: re.Match) -> str:
    return _branch('backbone.res6.0', *match.groups())


def _blocks_before(head: str, levels: dict[str, int]) -> Rule:
    def block(match: re.Match) -> str:
        kind, level, branch, value = match.groups()
        return _branch(f'{head}.residual_blocks.{levels[level]}', kind, branch, value)

    return Rule(rf'{KIND}{_any_of(levels)}_branch(1|2[abc])\.{VALUE}', block)


def _connection(suffix: str, layer: str, enlarging: int) -> tuple[Rule, ...]:
    """Layers of the transfer connections: ``suffix`` there, a part of a module here."""

    def lateral(match: re.Match) -> str:
        level, place = int(match[1]) - 3, int(match[2]) - 1
        return f'neck.lateral_convs.{level}.{place}.{layer}.{match[3]}'

    def output(match: re.Match) -> str:
        return f'neck.output_convs.{int(match[1]) - 3}.{layer}.{match[2]}'

    def deconv(match: re.Match) -> str:
        # `P4-up` enlarges P4 for the level below.
        return f'neck.deconvs.{int(match[1]) - 4}.{enlarging}.{match[2]}'

    return (
        Rule(rf'TL(\d)_(\d){suffix}\.{VALUE}', lateral),
        Rule(rf'P(\d){suffix}\.{VALUE}', output),
        Rule(rf'P(\d)-up{suffix}\.{VALUE}', deconv),
    )


_RESNET = (
    Rule(r'conv1\.weight', 'backbone.conv1.weight', for_rgb),
    Rule(rf'(?:bn|scale)_conv1\.{VALUE}', r'backbone.bn1.\1'),
    Rule(rf'{KIND}{BLOCK}\.{VALUE}', _trunk),
    Rule(rf'{KIND}6_branch(1|2[abc])\.{VALUE}', _last_block),
    _blocks_before('arm_head', RESNET_SOURCES),
    _blocks_before('bbox_head', RESNET_PYRAMID),
    *_predictors('res', RESNET_SOURCES, 'arm_head'),
    *_predictors('res', RESNET_PYRAMID, 'bbox_head'),
)

REFINEDET_CAFFE = (
    *_VGG,
    *_RESNET,
    *_connection('', 'conv', 0),
    *_connection('_(?:bn|scale)', 'bn', 1),
)
