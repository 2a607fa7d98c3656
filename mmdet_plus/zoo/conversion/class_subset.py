"""Cuts the class weights of a checkpoint down to some of its classes, by name."""

import re
from collections.abc import Mapping, Sequence

import torch
from mmdet.datasets import CocoDataset, VOCDataset
from mmdet.registry import MODELS

from ...errors import UserError

KNOWN_CLASSES = {
    'coco': CocoDataset.METAINFO['classes'],
    'voc': VOCDataset.METAINFO['classes'],
}
# VOC's name: COCO's name.
ALIASES = {
    'aeroplane': 'airplane',
    'diningtable': 'dining table',
    'motorbike': 'motorcycle',
    'pottedplant': 'potted plant',
    'sofa': 'couch',
    'tvmonitor': 'tv',
}
# Classifiers: one output per class and anchor, the background, if there is one, last.
CLASS_LAYER = re.compile(
    r'(^|\.)(\w+_cls(\.\d+)?|cls_convs\.\d+(\.\d+)?)\.(weight|bias)$'
)
# Layers with four outputs or one per class, never for background; four or one in all
# where they know no classes. `conv_reg` is one in RoI heads only: dense heads have four
# outputs per anchor. What comes last in masks are their scorers.
BOX_LAYER = re.compile(r'(^|\.)(fc_reg|roi_head\.[\w.]+\.conv_reg)\.(weight|bias)$')
MASK_LAYERS = ('conv_logits', 'fc_mask_iou')
# MMDetection's heads whose classes are not those of the boxes: object or not, or stuff.
FOREIGN_PARTS = ('rpn_head', 'semantic_head')


def chosen_rows(
    num_rows: int, num_classes: int, chosen: Sequence[int], background: str = 'auto'
) -> torch.Tensor:
    """Rows of a classifier that stay, in their new order.

    Args:
        num_rows: outputs of the layer: anchors times classes, anchor by anchor.
        num_classes: of the checkpoint, without background.
        chosen: the classes that stay.
        background: whether each anchor has one more output, the last, for it: ``yes``,
            ``no``, or ``auto`` to find out from the number of rows.
    """
    fits = {
        answer: num_rows % (num_classes + extra) == 0
        for answer, extra in (('yes', 1), ('no', 0))
    }
    if background != 'auto':
        fits = {background: fits[background]}
    answers = [answer for answer, fit in fits.items() if fit]
    if not answers:
        raise ValueError(f'{num_rows} outputs do not fit {num_classes} classes')
    if len(answers) > 1:
        raise ValueError(
            f'{num_rows} outputs fit {num_classes} classes with and without '
            'background: say which with --background yes or --background no'
        )
    width = num_classes + (answers[0] == 'yes')
    own = torch.tensor([*chosen, *range(num_classes, width)])
    anchors = torch.arange(num_rows // width)
    return (anchors[:, None] * width + own).flatten()


def subset_state_dict(
    state_dict: Mapping[str, torch.Tensor],
    num_classes: int,
    chosen: Sequence[int],
    background: str = 'auto',
) -> tuple[dict[str, torch.Tensor], list[str]]:
    """The weights with fewer classes, and the names of those that were cut.

    Raises:
        UserError: if a layer's size does not fit, or no layer knows the classes.
    """
    foreign = _parts_named([*FOREIGN_PARTS, *_declared('class_agnostic_parts')])
    mask_layers = _parts_named([*MASK_LAYERS, *_declared('mask_class_layers')])
    result, cut = dict(state_dict), []
    for name, weights in state_dict.items():
        if foreign.search(name):
            continue
        try:
            if CLASS_LAYER.search(name):
                rows = chosen_rows(len(weights), num_classes, chosen, background)
            elif BOX_LAYER.search(name) and len(weights) != 4:
                numbers = chosen_rows(len(weights) // 4, num_classes, chosen, 'no')
                rows = (numbers[:, None] * 4 + torch.arange(4)).flatten()
            elif mask_layers.search(name) and len(weights) != 1:
                rows = chosen_rows(len(weights), num_classes, chosen, 'no')
            else:
                continue
        except ValueError as error:
            raise UserError(f'{name}: {error}') from error
        result[name] = weights[rows].clone()
        cut.append(name)
    if not cut:
        raise UserError('the checkpoint has no classifier whose name is known')
    return result, cut


def _declared(attribute: str) -> list[str]:
    """What registered classes say of the names of their parts and layers."""
    classes = [MODELS.get(name) for name in MODELS.module_dict]
    return sorted({own for kind in classes for own in getattr(kind, attribute, ())})


def _parts_named(names: Sequence[str]) -> re.Pattern[str]:
    joined = '|'.join(re.escape(name) for name in names)
    return re.compile(rf'(^|\.)({joined})\.')


def class_numbers(
    source: Sequence[str], target: Sequence[str], aliases: Mapping[str, str]
) -> list[int]:
    """Where each target class stands among the source classes.

    A name that the source has itself goes before its alias; the table is read in both
    directions.
    """
    both = {**{old: new for new, old in aliases.items()}, **aliases}
    repeated = sorted({name for name in target if target.count(name) > 1})
    if repeated:
        raise UserError(f'--to names classes twice: {", ".join(repeated)}')
    if not target:
        raise UserError('--to names no class')
    numbers, missing = [], []
    for name in target:
        known = [n for n in (name, both.get(name)) if n in source]
        numbers += [source.index(known[0])] if known else []
        missing += [] if known else [name]
    if missing:
        raise UserError(
            f'classes that the checkpoint does not have: {", ".join(missing)}; '
            'give their names there with --alias NEW=OLD'
        )
    return numbers


def parse_classes(text: str) -> list[str]:
    """``coco``, ``voc`` or names separated by commas."""
    if text in KNOWN_CLASSES:
        return list(KNOWN_CLASSES[text])
    return [name.strip() for name in text.split(',') if name.strip()]
