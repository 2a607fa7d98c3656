"""Test a detector: ``python tools/test.py CONFIG CHECKPOINT``."""

import math
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from mmengine.runner import Runner

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.cli.arguments import ToolParser, add_shared_arguments, number_in
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_test import set_test_options
from mmdet_plus.cli.launch import run_job
from mmdet_plus.cli.own_data import add_data_arguments
from mmdet_plus.cli.preflight.checks import check_before_test
from mmdet_plus.cli.reporting import test_and_report


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Test a detector')
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('checkpoint', help='path or URL of the checkpoint')
    parser.add_argument('--eval', nargs='+', metavar='NAME', help='what to measure')
    parser.add_argument(
        '--format-only',
        action='store_true',
        help='write result files for a test server and measure nothing',
    )
    parser.add_argument('--out', help='write all predictions to this .pkl file')
    parser.add_argument(
        '--report', type=Path, help='write a report on the errors into this folder'
    )
    _add_run_arguments(parser)
    add_data_arguments(parser)
    add_shared_arguments(parser)
    return parser


def _add_run_arguments(parser: ToolParser) -> None:
    parser.add_argument(
        '--fuse-conv-bn',
        action='store_true',
        help='fold batch normalisation into the convolutions, which is faster',
    )
    parser.add_argument(
        '--amp',
        action='store_true',
        help='half precision on a GPU, bfloat16 on a CPU that has it',
    )
    parser.add_argument(
        '--shards',
        type=Path,
        metavar='DIR',
        help='keep the predictions in pieces here; a test that was stopped goes on',
    )
    parser.add_argument(
        '--tta', action='store_true', help='augment the images and merge the results'
    )
    parser.add_argument('--show', action='store_true', help='show images in a window')
    parser.add_argument(
        '--show-dir', help='save painted images here, below work_dir/<time>'
    )
    parser.add_argument(
        '--wait-time',
        type=number_in(0, math.inf),
        default=2,
        help='seconds each image is shown',
    )


def test(argv: Sequence[str] | None) -> None:
    """Parse the arguments and test."""
    args = build_parser().parse_args(argv)
    run = partial(test_and_report, out_dir=args.report) if args.report else Runner.test
    run_job(args, set_test_options, check_before_test, run)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(test, argv)


if __name__ == '__main__':
    sys.exit(main())
