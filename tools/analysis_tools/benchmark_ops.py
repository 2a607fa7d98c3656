"""Time the custom ops against the same results composed of stock PyTorch ops.

    python tools/analysis_tools/benchmark_ops.py [--rois 512] [--channels 256]

Both must agree before anything is timed. Prints one table: median seconds, the ratio
composition / ours, and the growth of the process's peak memory while each ran (Linux).
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from mmcv.ops import RoIAlign
from torch import Tensor
from torch.nn import functional as F

from mmdet_plus.analysis.inference_cost.profiling import peak_growth
from mmdet_plus.analysis.inference_cost.timing import median_seconds
from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_timing_arguments,
)
from mmdet_plus.errors import UserError
from mmdet_plus.models.roi_heads.roi_extractors import FastRoIAlign
from mmdet_plus.ops import deform_roi_align, is_compiled, local_importance_pool2d
from mmdet_plus.ops.deform_roi_align import deform_roi_align_reference

HEADER = '| op | pass | ours s | composed s | ratio | ours MiB | composed MiB |'


@dataclass(frozen=True)
class Case:
    """An op, its composition, and inputs of which the differentiable ones say so."""

    name: str
    ours: Callable[..., Tensor]
    composed: Callable[..., Tensor]
    inputs: tuple[Tensor, ...]


def composed_pool(input: Tensor, logits: Tensor) -> Tensor:
    """Local importance pooling as its authors compose it."""
    weights = logits.exp()
    return F.avg_pool2d(input * weights, 3, 2, 1) / F.avg_pool2d(weights, 3, 2, 1)


def composed_align(input: Tensor, rois: Tensor, offset: Tensor) -> Tensor:
    """grid_sample at the moved sample points, then their average."""
    return deform_roi_align_reference(input, rois, offset, (14, 14), 1 / 8, 2, 0.1)


def fused_align(input: Tensor, rois: Tensor, offset: Tensor) -> Tensor:
    return deform_roi_align(input, rois, offset, output_size=14, spatial_scale=1 / 8)


def fast_align(input: Tensor, rois: Tensor) -> Tensor:
    return FastRoIAlign(7, 1 / 8, 2)(input, rois)


def mmcv_align(input: Tensor, rois: Tensor) -> Tensor:
    """mmcv's RoIAlign, of which the faster one is a drop-in."""
    return RoIAlign(7, 1 / 8, 2)(input, rois)


def random_rois(num_rois: int, size: int) -> Tensor:
    corners = torch.rand(num_rois, 2) * size * 0.7
    extents = (torch.rand(num_rois, 2) * 0.25 + 0.03) * size
    return torch.cat([torch.zeros(num_rois, 1), corners, corners + extents], dim=1)


def build_cases(num_rois: int, channels: int) -> list[Case]:
    """The sizes of a D2Det head on an image of 800 x 800, at stride 8."""
    feature = torch.randn(1, channels, 100, 100, requires_grad=True)
    offset = torch.randn(num_rois, 2, 14, 14, requires_grad=True)
    align = (feature, random_rois(num_rois, 800), offset)
    pooled = torch.randn(num_rois, channels, 14, 14, requires_grad=True)
    logits = (12 * torch.rand(num_rois, channels, 14, 14)).requires_grad_()
    return [
        Case('deform_roi_align', fused_align, composed_align, align),
        Case('FastRoIAlign', fast_align, mmcv_align, align[:2]),
        Case(
            'local_importance_pool2d',
            local_importance_pool2d,
            composed_pool,
            (pooled, logits),
        ),
    ]


def check_agreement(case: Case) -> None:
    with torch.no_grad():
        ours, composed = case.ours(*case.inputs), case.composed(*case.inputs)
    torch.testing.assert_close(
        ours,
        composed,
        rtol=1e-3,
        atol=1e-3,
        msg=lambda text: f'{case.name} is not what it is compared with. {text}',
    )


def run(
    operation: Callable[..., Tensor], inputs: Sequence[Tensor], backward: bool
) -> None:
    with torch.set_grad_enabled(backward):
        output = operation(*inputs)
    if backward:
        torch.autograd.grad(output.sum(), [x for x in inputs if x.requires_grad])


def measure(case: Case, backward: bool, runs: int) -> str:
    """A row of the table; both are timed in turns, so that noise hits them alike."""
    tasks = [
        partial(run, operation, case.inputs, backward)
        for operation in (case.ours, case.composed)
    ]
    ours, composed = median_seconds(dict(enumerate(tasks)), runs).values()
    memory = [peak_growth(task) for task in tasks]
    label = 'forward + backward' if backward else 'forward'
    return (
        f'| {case.name} | {label} | {ours:.3f} | {composed:.3f} | '
        f'{composed / ours:.1f} | {memory[0]:.0f} | {memory[1]:.0f} |'
    )


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        '--rois', type=at_least(1), default=512, help='that are pooled; 512'
    )
    parser.add_argument(
        '--channels', type=at_least(1), default=256, help='of the features; 256'
    )
    add_timing_arguments(parser, has_device=False)
    return parser


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, compare, time and print the table."""
    args = build_parser().parse_args(argv)
    if not is_compiled():
        raise UserError('the ops are not compiled: run `make install`')
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    cases = build_cases(args.rois, args.channels)
    for case in cases:
        check_agreement(case)
    print(
        f'{args.rois} RoIs x {args.channels} channels, float32, '
        f'{args.threads} threads, torch {torch.__version__}, median of {args.runs}'
    )
    print(HEADER)
    print('| --- ' * 7 + '|')
    for case in cases:
        for backward in (False, True):
            print(measure(case, backward, args.runs), flush=True)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
