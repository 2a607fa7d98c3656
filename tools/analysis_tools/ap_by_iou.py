"""Compare detectors by their AP at one overlap after the other.

    python tools/test.py CONFIG CHECKPOINT --eval bbox --cfg-options \\
        test_evaluator.outfile_prefix=work_dirs/one
    python tools/analysis_tools/ap_by_iou.py work_dirs/one.bbox.json \\
        work_dirs/two.bbox.json --ann ANN.json --out ap_by_iou.png

Prints one row for each results file, as Fig. 8 (a) of CPM R-CNN (arXiv 2003.03570).
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet_plus.analysis.ap_by_iou import (
    IOU_THRS,
    average_precisions,
    plot_average_precisions,
)
from mmdet_plus.cli.arguments import ToolParser, number_in
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_picture


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='AP of result files at several overlaps')
    parser.add_argument('results', nargs='+', help="boxes in COCO's format (JSON)")
    parser.add_argument('--ann', required=True, help="ground truth in COCO's format")
    parser.add_argument(
        '--iou-thrs',
        nargs='+',
        type=number_in(0, 1),
        default=IOU_THRS,
        help='overlaps from 0 to 1',
    )
    parser.add_argument('--out', help='picture of the table, such as ap.png')
    return parser


def measure(argv: Sequence[str] | None) -> None:
    """Parse the arguments, print the table and draw it."""
    args = build_parser().parse_args(argv)
    if args.out:
        check_picture(args.out, '--out')
    rows = {}
    for path in args.results:
        name = Path(path).name.removesuffix('.json').removesuffix('.bbox')
        rows[name] = average_precisions(args.ann, path, args.iou_thrs)
    print('| results | ' + ' | '.join(f'AP{thr:g}' for thr in args.iou_thrs) + ' |')
    print('|' + ' --- |' * (len(args.iou_thrs) + 1))
    for name, values in rows.items():
        print(f'| {name} | ' + ' | '.join(f'{value:.3f}' for value in values) + ' |')
    if args.out:
        plot_average_precisions(rows, args.iou_thrs, args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(measure, argv)


if __name__ == '__main__':
    sys.exit(main())
