"""Train a detector: ``python tools/train.py CONFIG``."""

import sys
from collections.abc import Sequence

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.engine.command_line import (
    ToolParser,
    add_shared_arguments,
    export_local_rank,
)
from mmdet_plus.engine.config_loading import load_config
from mmdet_plus.engine.error_reporting import run_tool
from mmdet_plus.engine.launch import (
    build_runner,
    is_first_process,
    start_distributed,
    stop_distributed,
)
from mmdet_plus.engine.preflight import check_before_training, print_warnings
from mmdet_plus.engine.train_options import set_train_options


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
    add_shared_arguments(parser)
    return parser


def train(argv: Sequence[str] | None) -> None:
    """Parse, check, build, run."""
    args = build_parser().parse_args(argv)
    export_local_rank(args.local_rank)
    cfg = load_config(args)
    set_train_options(cfg, args)
    if is_first_process(cfg.launcher):
        print_warnings(check_before_training(cfg))
    start_distributed(cfg)
    build_runner(cfg).train()
    stop_distributed()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(train, argv)


if __name__ == '__main__':
    sys.exit(main())
