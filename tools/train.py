"""Train a detector: ``python tools/train.py CONFIG [--data FOLDER]``."""

import sys
from collections.abc import Sequence

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.cli.arguments import ToolParser, add_shared_arguments, at_least
from mmdet_plus.cli.closing import train_and_tell
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_train import set_train_options
from mmdet_plus.cli.launch import run_job
from mmdet_plus.cli.own_data import add_data_arguments
from mmdet_plus.cli.preflight.checks import check_before_training


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Train a detector')
    parser.add_argument('config', help='path of the config file')
    parser.add_argument('--amp', action='store_true', help='train in mixed precision')
    parser.add_argument(
        '--auto-scale-lr',
        action='store_true',
        help='scale the learning rate by the real total batch size',
    )
    parser.add_argument(
        '--resume',
        nargs='?',
        const='auto',
        metavar='CHECKPOINT',
        help='go on from this checkpoint, or from the latest of the work directory',
    )
    parser.add_argument(
        '--overwrite',
        action='store_true',
        help='remove the checkpoints of an earlier training in the work directory',
    )
    add_data_arguments(parser)
    _add_own_data_training(parser)
    add_shared_arguments(parser)
    return parser


def _add_own_data_training(parser: ToolParser) -> None:
    group = parser.add_argument_group('training on own data')
    group.add_argument(
        '--epochs', type=at_least(1), metavar='N', help='the schedule is stretched'
    )
    group.add_argument(
        '--load',
        metavar='CHECKPOINT',
        help='begin with these weights, zoo://NAME or a file; layers that count other '
        'classes start anew',
    )
    group.add_argument(
        '--patience',
        type=at_least(1),
        metavar='N',
        help='stop when the AP has not risen for so many epochs',
    )
    group.add_argument(
        '--ema', action='store_true', help='average the weights over the iterations'
    )


def train(argv: Sequence[str] | None) -> None:
    """Parse the arguments and train."""
    args = build_parser().parse_args(argv)
    run_job(args, set_train_options, check_before_training, train_and_tell)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(train, argv)


if __name__ == '__main__':
    sys.exit(main())
