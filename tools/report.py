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
from mmdet_plus.analysis.report.ground_truth import GroundTruth
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
from mmdet_plus.cli.preflight.checks import check_before_test, print_warnings
from mmdet_plus.cli.reporting import (
    keep_predictions,
    show_progress,
    test_and_report,
)
from mmdet_plus.errors import UserError

# Flags by what gives them a meaning.
FLAGS = {
    'CONFIG and CHECKPOINT': ('data', 'work_dir', 'cfg_options', 'unsafe_load'),
    '--predictions or --compare': ('ann', 'images', 'names'),
    '--compare': ('resamples', 'seed'),
}


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
        '--names',
        nargs='+',
        help='of the detectors; default: those of the files, or of their folders',
    )
    parser.add_argument('--ann', type=Path, help='annotations, JSON in COCO format')
    parser.add_argument('--images', type=Path, help='folder of the images')
    parser.add_argument('--out', type=Path, required=True, help='folder to write to')
    parser.add_argument(
        '--resamples',
        type=at_least(1),
        help='of the bootstrap that tells differences from noise; '
        f'default: {NUM_RESAMPLES}',
    )
    parser.add_argument('--seed', type=at_least(0), help='of the bootstrap; default: 0')
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
    check_flags(args)
    if args.images and not args.images.is_dir():
        raise UserError(f'--images {args.images} is no folder')
    check_folder(args.out, '--out')


def check_flags(args: Namespace) -> None:
    """Refuse flags that would have no effect."""
    for needed, present in zip(
        FLAGS, (args.config, not args.config, args.compare), strict=True
    ):
        for name in FLAGS[needed]:
            value = getattr(args, name)
            if not present and value is not None and value is not False and value != {}:
                raise UserError(f'--{name.replace("_", "-")} needs {needed}')
    if args.launcher != 'none' and not args.config:
        raise UserError('--launcher needs CONFIG and CHECKPOINT')


def names_of(args: Namespace) -> list[str]:
    """A name for each file of predictions."""
    files = args.compare or [args.predictions]
    names = args.names or default_names(files)
    if len(names) != len(files) or len(set(names)) != len(names):
        raise UserError('--names must give each of the files a name of its own')
    return names


def default_names(files: Sequence[Path]) -> list[str]:
    """Names of the files or, if some are equal, of the nearest folders that differ."""
    levels = zip(
        *(
            (path.name.split('.')[0], *reversed(path.resolve().parts[:-1]))
            for path in files
        ),
        strict=False,
    )
    unique = (list(level) for level in levels if len(set(level)) == len(files))
    return next(unique, [str(path) for path in files])


def check_images(truth: GroundTruth, folder: Path) -> None:
    """Warn of images that are not in the folder; refuse where none is."""
    absent = [name for name in truth.files if not (folder / name).is_file()]
    message = f'{len(absent)} of {len(truth.files)} images are not in {folder}'
    if absent and len(absent) == len(truth.files):
        raise UserError(f'--images: {message}, such as {absent[0]}')
    if absent:
        print_warnings([f'--images: {message}, such as {absent[0]}'])


def report_on_files(args: Namespace) -> Report:
    """Read predictions and annotations, and measure."""
    names = names_of(args)
    truth = load_ground_truth(args.ann)
    if args.images:
        check_images(truth, args.images)
    if not truth.counts.any():
        raise UserError(f'{args.ann} has no objects')
    files = args.compare or [args.predictions]
    runs = [load_predictions(path, truth) for path in files]
    print_warnings([f'{args.ann}: {remark}' for remark in truth.remarks])
    for path, run in zip(files, runs, strict=True):
        print_warnings([f'{path}: {remark}' for remark in run.remarks])
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
        num_resamples=args.resamples or NUM_RESAMPLES,
        seed=args.seed or 0,
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
