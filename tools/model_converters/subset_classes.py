"""Cut the class weights of a checkpoint down to some of its classes, by name.

    python tools/model_converters/subset_classes.py COCO_CHECKPOINT OUT --to voc

What `--from` and `--to` take: `coco`, `voc`, or names separated by commas. By default
`--from` is what the checkpoint says. Names that differ between data sets, such as
"airplane" and "aeroplane", are matched by a table; `--alias NEW=OLD` adds to it.

All detectors whose classifiers have the usual names in MMDetection are understood: with
or without background, with boxes per class, with any number of anchors. Layers that
know no classes stay as they are. The result holds weights and class names, no state of
the optimizer.
"""

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from mmdet.datasets import CocoDataset, VOCDataset

from mmdet_plus.cli.arguments import add_unsafe_load
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.errors import UserError
from mmdet_plus.zoo import load_checkpoint_file

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
# outputs per anchor. The last two of masks are their scorers.
BOX_LAYER = re.compile(r'(^|\.)(fc_reg|roi_head\.[\w.]+\.conv_reg)\.(weight|bias)$')
MASK_LAYER = re.compile(
    r'(^|\.)(conv_logits|fc_mask_iou|mask_scorer\.4)\.(weight|bias)$'
)
# Heads whose classes are not those of the boxes: object or background, or stuff.
FOREIGN_HEAD = re.compile(r'(^|\.)(rpn_head|arm_head|semantic_head)\.')


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
    result, cut = dict(state_dict), []
    for name, weights in state_dict.items():
        if FOREIGN_HEAD.search(name):
            continue
        try:
            if CLASS_LAYER.search(name):
                rows = chosen_rows(len(weights), num_classes, chosen, background)
            elif BOX_LAYER.search(name) and len(weights) != 4:
                numbers = chosen_rows(len(weights) // 4, num_classes, chosen, 'no')
                rows = (numbers[:, None] * 4 + torch.arange(4)).flatten()
            elif MASK_LAYER.search(name) and len(weights) != 1:
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


def load_checkpoint(path: str, *, unsafe: bool) -> dict:
    """A checkpoint of MMEngine or a bare state dict, read without running its code."""
    try:
        checkpoint = load_checkpoint_file(path, unsafe=unsafe)
    except Exception as error:
        reason = str(error)
        if not isinstance(error, FileNotFoundError):
            first_line = reason.splitlines()[0]
            reason = f'{path} cannot be read as weights only: {first_line}'
        raise UserError(reason) from error
    if not isinstance(checkpoint, dict):
        raise UserError(f'{path} holds a {type(checkpoint).__name__}, no weights')
    if 'state_dict' not in checkpoint:
        checkpoint = dict(state_dict=checkpoint)
    return checkpoint


def parse_classes(text: str) -> list[str]:
    """``coco``, ``voc`` or names separated by commas."""
    if text in KNOWN_CLASSES:
        return list(KNOWN_CLASSES[text])
    return [name.strip() for name in text.split(',') if name.strip()]


def parse_alias(text: str) -> tuple[str, str]:
    """``NEW=OLD``."""
    new, separator, old = text.partition('=')
    if not (new and separator and old):
        raise argparse.ArgumentTypeError(f'{text!r} is not NEW=OLD')
    return new, old


def convert(argv: Sequence[str] | None) -> None:
    """Parse the arguments, cut, and save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint')
    parser.add_argument('out')
    parser.add_argument('--to', required=True, help='coco, voc, or names and commas')
    parser.add_argument('--from', dest='source', help='likewise; of the checkpoint')
    parser.add_argument('--alias', type=parse_alias, action='append', default=[])
    parser.add_argument('--background', choices=('auto', 'yes', 'no'), default='auto')
    add_unsafe_load(parser)
    args = parser.parse_args(argv)
    checkpoint = load_checkpoint(args.checkpoint, unsafe=args.unsafe_load)
    dataset_meta = checkpoint.get('meta', {}).get('dataset_meta') or {}
    stated = dataset_meta.get('classes') or dataset_meta.get('CLASSES')
    if not (args.source or stated):
        raise UserError(f'{args.checkpoint} names no classes: add --from coco, say')
    source = parse_classes(args.source) if args.source else list(stated)
    target = parse_classes(args.to)
    chosen = class_numbers(source, target, {**ALIASES, **dict(args.alias)})
    weights, cut = subset_state_dict(
        checkpoint['state_dict'], len(source), chosen, args.background
    )
    Path(args.out).parent.mkdir(parents=True, exist_ok=True)
    meta = dict(dataset_meta=dict(classes=tuple(target)))
    torch.save(dict(state_dict=weights, meta=meta), args.out)
    print(f'{args.out}: {len(target)} of {len(source)} classes; cut {", ".join(cut)}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(convert, argv)


if __name__ == '__main__':
    sys.exit(main())
