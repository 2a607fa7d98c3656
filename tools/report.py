"""Write a report on a detector, or on several side by side: what to mend next.

    python tools/report.py CONFIG CHECKPOINT [--data FOLDER] --out DIR
    python tools/report.py --predictions results.bbox.json --ann ANN.json --out DIR
    python tools/report.py --compare A.pkl B.pkl --ann ANN.json --out DIR

Predictions are JSON files in COCO's format, of any toolbox, or .pkl files of
``tools/test.py --out``. Writes ``report.html``, which needs no network, the same
numbers as ``report.json``, and the plots; ``docs/report.md`` explains them.
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmengine.config import Config

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.bootstrap import NUM_RESAMPLES
from mmdet_plus.analysis.report.parts import Report
from mmdet_plus.analysis.report.predictions import load_ground_truth, load_predictions
from mmdet_plus.analysis.report.several import compare_detectors
from mmdet_plus.analysis.report.single import describe_detector
from mmdet_plus.analysis.report.writing import write_report
from mmdet_plus.cli.arguments import ToolParser, add_shared_arguments, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_test import set_checkpoint
from mmdet_plus.cli.launch import run_job
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.cli.own_data import (
    add_data_arguments,
    check_data_arguments,
    use_test_data,
)
from mmdet_plus.cli.preflight.checks import check_before_test
from mmdet_plus.cli.reporting import (
    keep_predictions,
    show_progress,
    test_and_report,
)
from mmdet_plus.errors import UserError


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Write a report on what a detector gets wrong')
    parser.add_argument('config', nargs='?', help='path of the config file')
    parser.add_argument('checkpoint', nargs='?', help='path or URL of the checkpoint')
    parser.add_argument(
        '--predictions', type=Path, help='of a detector, in place of a config'
    )
    parser.add_argument(
        '--compare',
        type=Path,
        nargs='+',
        metavar='PREDICTIONS',
        help='of two or more detectors; all are compared with the first',
    )
    parser.add_argument(
        '--names', nargs='+', help='of the detectors; default: those of the files'
    )
    parser.add_argument('--ann', type=Path, help='annotations, JSON in COCO format')
    parser.add_argument('--images', type=Path, help='folder of the images')
    parser.add_argument('--out', type=Path, required=True, help='folder to write to')
    parser.add_argument(
        '--resamples',
        type=at_least(1),
        default=NUM_RESAMPLES,
        help='of the bootstrap that tells differences from noise',
    )
    parser.add_argument('--seed', type=at_least(0), default=0, help='of the bootstrap')
    add_data_arguments(parser)
    add_shared_arguments(parser)
    return parser


def check_arguments(args: Namespace) -> None:
    """Refuse arguments that do not go together."""
    given = [args.config, args.predictions, args.compare]
    if sum(one is not None for one in given) != 1:
        raise UserError('give CONFIG CHECKPOINT, or --predictions, or --compare')
    if args.config and not args.checkpoint:
        raise UserError('a CONFIG needs a CHECKPOINT')
    if not args.config and not args.ann:
        raise UserError('--predictions and --compare need --ann')
    if args.compare and len(args.compare) < 2:
        raise UserError('--compare needs two files at least')
    check_data_arguments(args, ('classes', 'val_fraction', 'split_seed'))
    if args.data and not args.config:
        raise UserError('--data needs CONFIG and CHECKPOINT; predictions need --ann')
    if args.images and not args.images.is_dir():
        raise UserError(f'--images {args.images} is no folder')
    check_folder(args.out, '--out')


def names_of(args: Namespace) -> list[str]:
    """A name for each file of predictions."""
    files = args.compare or [args.predictions]
    names = args.names or [path.name.split('.')[0] for path in files]
    if len(names) != len(files) or len(set(names)) != len(names):
        raise UserError('--names must give each of the files a name of its own')
    return names


def report_on_files(args: Namespace) -> Report:
    """Read predictions and annotations, and measure."""
    names = names_of(args)
    truth = load_ground_truth(args.ann)
    if not truth.counts.any():
        raise UserError(f'{args.ann} has no objects')
    files = args.compare or [args.predictions]
    runs = [load_predictions(path, truth) for path in files]
    shared = dict(image_dir=args.images, track=show_progress)
    shared['facts'] = {'annotations': str(args.ann)} | {
        f'predictions of {name}': str(path)
        for name, path in zip(names, files, strict=True)
    }
    if args.compare is None:
        return describe_detector(truth, runs[0], names[0], **shared)
    return compare_detectors(
        truth,
        dict(zip(names, runs, strict=True)),
        num_resamples=args.resamples,
        seed=args.seed,
        **shared,
    )


def set_options(cfg: Config, args: Namespace) -> None:
    """Let the test read data and checkpoint, and keep its predictions."""
    if args.data:
        use_test_data(cfg, args)
    set_checkpoint(cfg, args.checkpoint)
    keep_predictions(cfg, args.out)


def report(argv: Sequence[str] | None) -> None:
    """Parse the arguments, test if there is a config, and write the report."""
    args = build_parser().parse_args(argv)
    check_arguments(args)
    if args.config:
        run = partial(test_and_report, out_dir=args.out)
        run_job(args, set_options, check_before_test, run)
    else:
        print(f'report: {write_report(report_on_files(args), args.out)}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(report, argv)


if __name__ == '__main__':
    sys.exit(main())
