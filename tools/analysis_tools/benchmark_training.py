"""Time a training step of several detectors and its memory, in one run.

    python tools/analysis_tools/benchmark_training.py CONFIG [CONFIG ...]

A config is a file or a name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco``.
A step is loss, gradients and optimizer on random images with ``--objects`` objects,
which are proposals, too: as many RoIs are on objects as in a training that goes well.
Prints one table: median seconds, the ratio to the first detector, and by how much the
memory of the process grows (Linux).
"""

import sys
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
from mmdet_plus.cli.flags_of_benchmarks import (
    add_shape,
    add_timing_arguments,
)


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'configs', nargs='+', help='file, or a name such as mmdet::ssd/ssd300_coco'
    )
    parser.add_argument('--batch', type=at_least(1), default=1, help='images; 1')
    parser.add_argument('--objects', type=at_least(1), default=100, help='of an image')
    add_shape(parser, 640, 640)
    add_timing_arguments(parser)
    return parser


def num_classes_of(cfg: Config) -> int:
    """Classes of the (first) box head."""
    owner = cfg.model.get('roi_head') or cfg.model
    head = owner.get('base', owner).bbox_head
    return (head[0] if isinstance(head, list) else head).num_classes


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time all detectors and print the table."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    steps = {}
    for name in args.configs:
        cfg = read_benchmark_config(name)
        model = build_for_training(cfg).to(args.device)
        shape = input_shape(cfg, tuple(args.shape))
        inputs = torch.randn(args.batch, 3, *shape, device=args.device)
        samples = labelled_samples_for(
            inputs, args.objects, num_classes_of(cfg), model.with_mask
        )
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-6, momentum=0.9)
        steps[name] = partial(training_step, model, optimizer, inputs, samples)
    growth = {name: peak_growth(step) for name, step in steps.items()}
    seconds = median_seconds(steps, args.runs, args.device)
    print(
        f'{args.batch} images of {args.objects} objects, float32, {args.threads} '
        f'threads, {args.device}, torch {torch.__version__}, median of {args.runs}\n'
    )
    print('| detector | seconds a step | ratio | MiB |\n|' + ' --- |' * 4)
    for name, own in seconds.items():
        ratio = own / seconds[args.configs[0]]
        print(f'| {Path(name).stem} | {own:.3f} | {ratio:.2f} | {growth[name]:.0f} |')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
