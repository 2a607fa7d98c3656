"""Time a training step of several detectors and its memory, in one run.

    python tools/analysis_tools/benchmark_training.py CONFIG [CONFIG ...]

A config is a file or a name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco``.
A step is loss, gradients and optimizer on random images with ``--objects`` objects,
which are proposals, too: as many RoIs are on objects as in a training that goes well.
With ``--checkpointed PART ...`` each detector is timed a second time, without keeping
the activations of these parts (config key ``activation_checkpointing``).
Prints one table: median seconds, the ratio to the first detector, and by how much the
memory of the process grows (Linux).
"""

import sys
from argparse import Namespace
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import (
    input_shape,
    read_benchmark_config,
)
from mmdet_plus.analysis.inference_cost.profiling import peak_growth
from mmdet_plus.analysis.inference_cost.timing import median_seconds
from mmdet_plus.analysis.inference_cost.training_steps import (
    build_for_training,
    labelled_samples_for,
    training_step,
)
from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import add_shape, add_timing_arguments
from mmdet_plus.engine import ActivationCheckpointingHook


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'configs', nargs='+', help='file, or a name such as mmdet::ssd/ssd300_coco'
    )
    parser.add_argument('--batch', type=at_least(1), default=1, help='images; 1')
    parser.add_argument('--objects', type=at_least(1), default=100, help='of an image')
    parser.add_argument(
        '--checkpointed',
        nargs='+',
        metavar='PART',
        default=[],
        help='parts whose activations are computed anew',
    )
    add_shape(parser, 640, 640)
    add_timing_arguments(parser)
    return parser


def num_classes_of(cfg: Config) -> int:
    """Classes of the (first) box head."""
    owner = cfg.model.get('roi_head') or cfg.model
    head = owner.get('base', owner).bbox_head
    return (head[0] if isinstance(head, list) else head).num_classes


def prepare(name: str, args: Namespace, checkpointed: Sequence[str] = ()) -> partial:
    """A training step of a detector of random weights."""
    cfg = read_benchmark_config(name)
    model = build_for_training(cfg).to(args.device)
    ActivationCheckpointingHook(checkpointed).wrap(model)
    inputs = torch.randn(args.batch, 3, *input_shape(cfg, tuple(args.shape)))
    samples = labelled_samples_for(
        inputs.to(args.device), args.objects, num_classes_of(cfg), model.with_mask
    )
    optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
    return partial(training_step, model, optimizer, inputs.to(args.device), samples)


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time all detectors and print the table."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    steps = {}
    for name in args.configs:
        steps[name, ''] = prepare(name, args)
        if args.checkpointed:
            steps[name, ', checkpointed'] = prepare(name, args, args.checkpointed)
    growth = {name: peak_growth(step) for name, step in steps.items()}
    seconds = median_seconds(steps, args.runs, args.device)
    print(
        f'{args.batch} images of {args.objects} objects, float32, {args.threads} '
        f'threads, {args.device}, torch {torch.__version__}, median of {args.runs}\n'
    )
    print('| detector | seconds a step | ratio | MiB |\n|' + ' --- |' * 4)
    first = next(iter(seconds.values()))
    for (name, suffix), own in seconds.items():
        cells = f'{own:.3f} | {own / first:.2f} | {growth[name, suffix]:.0f}'
        print(f'| {Path(name).stem}{suffix} | {cells} |')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
