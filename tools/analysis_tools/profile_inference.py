"""Time, operations and memory of each part of a detector in inference.

    python tools/analysis_tools/profile_inference.py CONFIG [--out profile.png]

Weights are random unless ``--checkpoint`` is given; the detector then works on
``--proposals`` and finds ``--detections`` objects. ``rest`` is what runs between the
parts: decoding, non-maximum suppression, pasting of masks.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import (
    build_trained,
    build_untrained,
    input_shape,
    read_benchmark_config,
    samples_for,
)
from mmdet_plus.analysis.inference_cost.profiling import (
    cost_table,
    peak_growth,
    plot_costs,
    profile,
)
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_detections,
    add_proposals,
    add_shape,
    add_timing_arguments,
)
from mmdet_plus.cli.output_paths import check_picture


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument('config', help='file, or a name such as mmdet::ssd/ssd300_coco')
    parser.add_argument('--checkpoint', help='trained weights')
    parser.add_argument('--out', type=Path, help='picture to write')
    add_shape(parser, 640, 640)
    add_proposals(parser, 1000)
    add_detections(parser)
    add_timing_arguments(parser)
    return parser


@torch.no_grad()
def run(argv: Sequence[str] | None) -> None:
    """Parse the arguments, profile, print the table and draw the picture."""
    args = build_parser().parse_args(argv)
    if args.out:
        check_picture(args.out, '--out')
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    cfg = read_benchmark_config(args.config)
    inputs = torch.randn(1, 3, *input_shape(cfg, tuple(args.shape)))
    if args.checkpoint:
        model = build_trained(cfg, args.checkpoint)
    else:
        limits = dict(proposals=args.proposals, detections=args.detections)
        model = build_untrained(cfg, **limits)
    model, inputs = model.to(args.device), inputs.to(args.device)
    samples = samples_for(inputs)
    costs = profile(model, inputs, samples, args.runs)
    peak = peak_growth(lambda: model.predict(inputs, samples, rescale=False))
    print(f'{Path(args.config).stem}, {args.threads} threads, {args.device}')
    print(cost_table(costs))
    print(f'memory grew by {peak:.0f} MiB at the peak')
    if args.out:
        plot_costs(costs, args.out)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(run, argv)


if __name__ == '__main__':
    sys.exit(main())
