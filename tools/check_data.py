"""Show what is in a folder of labelled images, and what is wrong with it.

    python tools/check_data.py FOLDER
    python tools/check_data.py FOLDER --out DIR --config CONFIG

Prints tables; writes ``DIR/data.json`` and ``DIR/index.html`` with plots and pictures.
Ends with status 2 if something would spoil a training.
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.registry import init_default_scope
from tqdm import tqdm

import mmdet_plus  # noqa: F401  registers the data sets
from mmdet_plus.analysis.data_check.anchors import anchor_recall
from mmdet_plus.analysis.data_check.page import as_json, write_page
from mmdet_plus.analysis.data_check.summary import summarise
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.config_loading import read_config
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.cli.own_data import add_data_choice, input_size, read_data_folder
from mmdet_plus.datasets.checking import Examination, examine
from mmdet_plus.errors import UserError

ROWS = ('images', 'images_without_objects', 'objects', 'objects_with_masks', 'crowds')
SIZES = ('small', 'medium', 'large')
SPREADS = {
    '  objects per image': 'objects_per_image',
    '  root of the area, px': 'sides',
    '  width : height': 'aspect_ratios',
}


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('data', metavar='FOLDER', help='in COCO, VOC or YOLO format')
    parser.add_argument('--out', type=Path, metavar='DIR', help='for the page')
    parser.add_argument(
        '--config', help='of a detector, for its input size and anchors'
    )
    parser.add_argument(
        '--fast', action='store_true', help='do not decode and compare the images'
    )
    add_data_choice(parser)
    return parser


def check(args: Namespace) -> Examination:
    """Examine, print and write."""
    if args.out is not None:
        check_folder(args.out, '--out')
    init_default_scope('mmdet')
    cfg: Config | None = read_config(args.config) if args.config else None
    size = input_size(cfg) if cfg else None
    examination = examine(
        read_data_folder(args),
        pixels=not args.fast,
        input_size=size,
        track=lambda images: tqdm(images, unit='image', disable=None),
    )
    contents = examination.contents
    summaries = {split: summarise(content) for split, content in contents.items()}
    recalls = {
        split: anchor_recall(cfg, content, size) if cfg else {}
        for split, content in contents.items()
    }
    anchors = {split: recall for split, recall in recalls.items() if recall}
    _print(examination, summaries, anchors)
    if args.out is not None:
        write_page(examination, as_json(examination, summaries, anchors), args.out)
        print(f'{args.out}/index.html')
    return examination


def _print(examination: Examination, summaries: dict, anchors: dict) -> None:
    data = examination.data
    print(f'{data.root}: {data.format} format, {len(data.classes)} classes')
    for remark in data.remarks:
        print(remark)
    _row('', summaries)
    for key in (*ROWS, *SIZES):
        _row(key.replace('_', ' '), [own[key] for own in summaries.values()])
    _row('image size', [_most_usual(own['image_sizes']) for own in summaries.values()])
    _row('least / median / most', [])
    for title, key in SPREADS.items():
        _row(title, [_spread(own[key]) for own in summaries.values()])
    _row('objects of', [])
    for name in data.classes:
        counts = [own['objects_per_class'][name] for own in summaries.values()]
        _row(f'  {name}', counts)
    for split, recall in anchors.items():
        shares = ', '.join(f'{limit}: {share:.1%}' for limit, share in recall.items())
        print(f'anchors, {split}: {shares} of the objects have one')
    for level, lines in (
        ('error', examination.errors),
        ('warning', examination.warnings),
    ):
        for line in lines:
            print(f'{level}: {line}')


def _spread(marks: dict[str, float]) -> str:
    shown = [marks[name] for name in ('least', 'half', 'most') if marks]
    return ' / '.join(f'{v:.0f}' if v >= 100 else f'{v:.3g}' for v in shown) or '-'


def _most_usual(sizes: dict[str, int]) -> str:
    shown = next(iter(sizes), '-')
    return f'{shown}, others' if len(sizes) > 1 else shown


def _row(title: str, cells: Sequence[object] | dict) -> None:
    print(f'{title:<24}' + ''.join(f'{cell!s:>20}' for cell in cells))


def run(argv: Sequence[str] | None) -> None:
    """Parse the arguments and check."""
    args = build_parser().parse_args(argv)
    found = check(args)
    if found.errors:
        raise UserError(f'{args.data}: {len(found.errors)} errors, see above')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
