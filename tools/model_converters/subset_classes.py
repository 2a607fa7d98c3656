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
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

import mmdet_plus  # noqa: F401  registers the components, which name their layers
from mmdet_plus.cli.arguments import ToolParser, add_unsafe_load
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_file, check_not_source
from mmdet_plus.errors import UserError
from mmdet_plus.whole_files import written_whole
from mmdet_plus.zoo import load_checkpoint_file
from mmdet_plus.zoo.conversion.class_subset import (
    ALIASES,
    class_numbers,
    parse_classes,
    subset_state_dict,
)


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


def parse_alias(text: str) -> tuple[str, str]:
    """``NEW=OLD``."""
    new, separator, old = text.partition('=')
    if not (new and separator and old):
        raise argparse.ArgumentTypeError(f'{text!r} is not NEW=OLD')
    return new, old


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('checkpoint', help='path, URL or zoo://NAME')
    parser.add_argument('out', help='checkpoint to write')
    parser.add_argument('--to', required=True, help='coco, voc, or names and commas')
    parser.add_argument('--from', dest='source', help='likewise; of the checkpoint')
    parser.add_argument(
        '--alias',
        type=parse_alias,
        action='append',
        default=[],
        metavar='NEW=OLD',
        help='a class that the checkpoint calls otherwise; may be repeated',
    )
    parser.add_argument(
        '--background',
        choices=('auto', 'yes', 'no'),
        default='auto',
        help='whether layers have an output for it; auto: what their size says',
    )
    add_unsafe_load(parser)
    return parser


def convert(argv: Sequence[str] | None) -> None:
    """Parse the arguments, cut, and save."""
    args = build_parser().parse_args(argv)
    check_file(args.out, 'the file')
    check_not_source(Path(args.out), Path(args.checkpoint))
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
    with written_whole(args.out) as part:
        torch.save(dict(state_dict=weights, meta=meta), part)
    print(f'{args.out}: {len(target)} of {len(source)} classes; cut {", ".join(cut)}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(convert, argv)


if __name__ == '__main__':
    sys.exit(main())
