"""Count hard false positives of detectors, and what removing them would give.

    python tools/test.py CONFIG CHECKPOINT --format-only   # writes *.bbox.json
    python tools/analysis_tools/hard_false_positives.py ANNOTATIONS RESULTS [...]

``ANNOTATIONS`` and ``RESULTS`` are JSON files in COCO format. Counts false positives in
score intervals, by kind, and computes the AP at one IoU as if those above a score were
not there (DCR, arXiv 1810.04002, Fig. 1). Prints a table, writes CSV files, pictures.
"""

import csv
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from mmdet_plus.analysis.coco_files import read_json
from mmdet_plus.analysis.false_positives.coco_results import (
    Truth,
    judge_results,
    read_truth,
)
from mmdet_plus.analysis.false_positives.judging import (
    KINDS,
    Judged,
    count_above,
    count_at_recall,
    count_by_interval,
    count_found,
    hypothetical_ap,
)
from mmdet_plus.analysis.false_positives.plots import (
    plot_hypothetical_ap,
    plot_intervals,
)
from mmdet_plus.cli.arguments import ToolParser, number_in
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.errors import UserError
from mmdet_plus.whole_files import written_whole

TENTHS = [round(0.1 * i, 1) for i in range(11)]


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Count hard false positives of detectors')
    parser.add_argument('annotations', type=Path, help='JSON file in COCO format')
    parser.add_argument(
        'results', type=Path, nargs='+', help='JSON files of detections, COCO format'
    )
    parser.add_argument('--names', nargs='+', help='of the results; default: the files')
    parser.add_argument(
        '--score-thr',
        type=number_in(0, 1),
        default=0.3,
        help='above which they are hard',
    )
    parser.add_argument(
        '--iou-thr',
        type=number_in(0, 1, with_low=False),
        default=0.5,
        help='from which an object is found',
    )
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/false_positives'),
        help='folder to write to; work_dirs/false_positives',
    )
    return parser


def load_truth(path: Path) -> Truth:
    """Objects of an annotation file, at least one."""
    try:
        truth = read_truth(read_json(path, dict))
    except (KeyError, TypeError, ValueError) as error:
        message = f'{path} is no annotation file in COCO format: {error}'
        raise UserError(message) from error
    if not truth.counts.any():
        raise UserError(f'{path} has no objects')
    return truth


def ap_rows(judged: Judged, gt_counts: np.ndarray) -> list[dict]:
    """AP50 without the false positives above each tenth; at 1 all of them stay."""
    return [
        dict(score_thr=thr, ap50=hypothetical_ap(judged, gt_counts, thr))
        for thr in TENTHS
    ]


def write_table(rows: dict[str, list[dict]], out_file: Path) -> None:
    """A CSV file, with the detector in the first column."""
    flat = [dict(detector=name, **row) for name, own in rows.items() for row in own]
    with written_whole(out_file) as part, part.open('w', newline='') as file:
        writer = csv.DictWriter(file, flat[0].keys())
        writer.writeheader()
        writer.writerows(flat)


def report(judged: dict[str, Judged], gt_counts: np.ndarray, score_thr: float) -> None:
    """Print one line for each detector."""
    kinds = ('all', *KINDS)
    columns = ('detector', 'AP50', 'AP50 without', 'found', *kinds, 'equal recall')
    print(f'| {" | ".join(columns)} |')
    print('|' + ' --- |' * len(columns))
    num_found = count_found(next(iter(judged.values())), score_thr)
    for name, own in judged.items():
        counts = count_above(own, score_thr)
        aps = (
            hypothetical_ap(own, gt_counts),
            hypothetical_ap(own, gt_counts, score_thr),
        )
        at_recall = count_at_recall(own, num_found)
        cells = [f'{ap:.3f}' for ap in aps] + [str(count_found(own, score_thr))]
        cells += [str(counts[kind]) for kind in kinds]
        cells.append('-' if at_recall is None else str(at_recall))
        print(f'| {name} | {" | ".join(cells)} |')
    print(
        f'true and false positives with scores above {score_thr:g}; AP50 without the '
        f'false ones; all false ones where {num_found} objects are found'
    )


def analyse(argv: Sequence[str] | None) -> None:
    """Parse the arguments, judge the detections and write the results."""
    args = build_parser().parse_args(argv)
    names = args.names or [path.name.split('.')[0] for path in args.results]
    if len(set(names)) != len(args.results):
        raise UserError('--names must give each of the results a name of its own')
    check_folder(args.out_dir, '--out-dir')
    truth = load_truth(args.annotations)
    judged = {}
    for name, path in zip(names, args.results, strict=True):
        try:
            judged[name] = judge_results(read_json(path, list), truth, args.iou_thr)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(
                f'{path} does not fit {args.annotations}: {error}'
            ) from error
    args.out_dir.mkdir(parents=True, exist_ok=True)
    intervals = {name: count_by_interval(own, TENTHS) for name, own in judged.items()}
    aps = {name: ap_rows(own, truth.counts) for name, own in judged.items()}
    write_table(intervals, args.out_dir / 'intervals.csv')
    write_table(aps, args.out_dir / 'hypothetical_ap.csv')
    plot_intervals(intervals, args.out_dir / 'intervals.png')
    plot_hypothetical_ap(aps, args.out_dir / 'hypothetical_ap.png')
    report(judged, truth.counts, args.score_thr)
    print(f'written to {args.out_dir}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(analyse, argv)


if __name__ == '__main__':
    sys.exit(main())
