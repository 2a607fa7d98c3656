"""Time DCR with all boxes refined and with the best ones only, in one run.

    python tools/analysis_tools/benchmark_dcr.py [CONFIG] [--top-p 1 0.5 0.25]

``CONFIG`` is one of DCR V1 or V2. Weights are random, so that the number of proposals
is known; the fractions take turns, so that noise is shared. Prints the median seconds
of the whole detector and of its refiner, and the ratios to the first fraction.
"""

import statistics
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401
from mmdet_plus.analysis.inference_cost.detectors import (
    build_with_refiner,
    samples_for,
)
from mmdet_plus.analysis.inference_cost.timing import now
from mmdet_plus.cli.arguments import ToolParser, number_in
from mmdet_plus.cli.config_loading import read_config
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_proposals,
    add_shape,
    add_timing_arguments,
)
from mmdet_plus.errors import UserError

CONFIGS = Path(__file__).parents[2] / 'configs' / 'dcr'
DEFAULT = CONFIGS / 'faster-rcnn-dcrv2_r18_fpn_1x_shapes.py'


class Stopwatch:
    """Adds up the seconds of calls of a function."""

    def __init__(self, function: Any, device: torch.device) -> None:
        self.function = function
        self.device = device
        self.seconds = 0.0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        start = now(self.device)
        result = self.function(*args, **kwargs)
        self.seconds += now(self.device) - start
        return result


def build_model(config: str | Path, proposals: int, device: torch.device) -> nn.Module:
    """The detector of a config with random weights."""
    model_cfg = read_config(str(config)).get('model') or {}
    try:
        return build_with_refiner(model_cfg, proposals).to(device)
    except UserError as error:
        raise UserError(f'{config}: {error}') from error


@torch.no_grad()
def measure(
    model: nn.Module, images: torch.Tensor, fractions: Sequence[float], runs: int
) -> dict[float, tuple[float, float]]:
    """Median seconds of the detector and of its refiner for each fraction."""
    refiner = model.refiner
    refiner.refine = watch = Stopwatch(refiner.refine, images.device)
    seconds: dict[float, list[tuple[float, float]]] = {top_p: [] for top_p in fractions}
    for i in range(runs + 1):
        for top_p in fractions:
            refiner.top_p = top_p
            before, start = watch.seconds, now(images.device)
            model.predict(images, samples_for(images), rescale=False)
            if i > 0:  # the first warms up
                whole = now(images.device) - start
                seconds[top_p].append((whole, watch.seconds - before))
    return {
        top_p: (
            statistics.median(whole for whole, _ in own),
            statistics.median(refined for _, refined in own),
        )
        for top_p, own in seconds.items()
    }


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', nargs='?', default=DEFAULT, help='of DCR')
    parser.add_argument(
        '--top-p',
        type=number_in(0, 1),
        nargs='+',
        default=[1, 0.75, 0.5, 0.25, 0],
        help='fractions of the boxes that are refined; 1 0.75 0.5 0.25 0',
    )
    add_shape(parser, 256, 256)
    add_proposals(parser, 300)
    add_timing_arguments(parser)
    return parser


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, measure and print the table."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    init_default_scope('mmdet')
    device = torch.device(args.device)
    model = build_model(args.config, args.proposals, device)
    images = torch.randn(1, 3, *args.shape, device=device)
    measured = measure(model, images, args.top_p, args.runs)
    height, width = args.shape
    print(
        f'{Path(args.config).stem}, {width} x {height}, {args.proposals} proposals, '
        f'float32, {args.device}, {args.threads} threads, torch {torch.__version__}, '
        f'median of {args.runs}'
    )
    print('| refined | seconds | ratio | refiner alone | ratio |\n|' + ' --- |' * 5)
    whole, refined = measured[args.top_p[0]]
    for top_p, (own_whole, own_refined) in measured.items():
        print(
            f'| {100 * top_p:g} % | {own_whole:.3f} | {own_whole / whole:.2f} | '
            f'{own_refined:.3f} | {own_refined / max(refined, 1e-9):.2f} |'
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
