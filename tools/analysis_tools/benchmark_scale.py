"""Time a detector's inference against image size, RoIs, classes and batch.

    python tools/analysis_tools/benchmark_scale.py CONFIG [--runs 10]

One quantity changes at a time; the others are 640 x 640 pixels, 1000 proposals, 80
classes and one image, with 100 detections. Weights are random, scores as a trained
model's. Prints one table for each quantity: median seconds, and the seconds that each
unit adds since the row above, which stay the same where growth is linear.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import (
    build_untrained,
    read_benchmark_config,
    samples_for,
)
from mmdet_plus.analysis.inference_cost.timing import median_seconds
from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_timing_arguments,
)
from mmdet_plus.cli.preflight.model_parts import set_class_counts


@dataclass(frozen=True)
class Load:
    """What a detector has to do."""

    size: int = 640
    proposals: int = 1000
    classes: int = 80
    batch: int = 1


USUAL = Load()
STEPS = dict(
    size=(320, 640, 960, 1280),
    proposals=(100, 300, 1000, 2000),
    classes=(20, 80, 400, 1203),
    batch=(1, 2, 4),
)


def units_of(name: str, value: int) -> float:
    """What time should grow with: megapixels for the size, else the number itself."""
    return value * value / 1e6 if name == 'size' else value


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='file, or a name such as mmdet::ssd/ssd300_coco')
    parser.add_argument(
        '--only',
        nargs='+',
        choices=list(STEPS),
        default=list(STEPS),
        help='what is varied; default: all',
    )
    parser.add_argument('--most', type=at_least(1), help='leave out larger values')
    add_timing_arguments(parser)
    return parser


def prepare(name: str, load: Load, device: torch.device) -> partial:
    """A prediction under that load."""
    cfg: Config = read_benchmark_config(name)
    set_class_counts(cfg.model, load.classes)
    model = build_untrained(
        cfg, proposals=load.proposals, detections=100, images=load.batch
    )
    inputs = torch.randn(load.batch, 3, load.size, load.size, device=device)
    return partial(model.to(device).predict, inputs, samples_for(inputs), rescale=False)


def table(name: str, args: argparse.Namespace) -> str:
    """Seconds for each value of a quantity."""
    values = [v for v in STEPS[name] if args.most is None or v <= args.most]
    tasks = {
        value: prepare(args.config, replace(USUAL, **{name: value}), args.device)
        for value in values
    }
    seconds = median_seconds(tasks, args.runs, args.device)
    rows = [f'| {name} | seconds | added by each unit, ms |', '|' + ' --- |' * 3]
    for i, value in enumerate(values):
        added = ''
        if i:
            units = units_of(name, value) - units_of(name, values[i - 1])
            added = f'{1000 * (seconds[value] - seconds[values[i - 1]]) / units:.2f}'
        rows.append(f'| {value} | {seconds[value]:.3f} | {added} |')
    return '\n'.join(rows)


@torch.no_grad()
def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time and print the tables."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    print(
        f'{Path(args.config).stem}, float32, {args.threads} threads, {args.device}, '
        f'torch {torch.__version__}, median of {args.runs}; a unit of the size is a '
        'megapixel'
    )
    for name in args.only:
        print(f'\n{table(name, args)}', flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
