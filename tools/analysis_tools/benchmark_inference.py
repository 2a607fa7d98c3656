"""Time the inference of several detectors on one image, in one run.

    python tools/analysis_tools/benchmark_inference.py [CONFIG ...] [--runs 10]

A config is a file or a name such as ``mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco``.
Weights are random, but all detectors work on the same number of proposals and find
``--detections`` objects, of which each RoI gives two, as in trained models. In
single-stage detectors ``--proposals`` are the anchors that reach NMS. Detectors that
resize images to one size get images of that size, the others of ``--shape``.

With ``--checkpoint`` and ``--image`` all detectors load these weights, look at this
image and keep the limits of their configs: the way to time variants of a trained model.
Prints one table: median seconds and the ratio to the first detector.
"""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch
from mmdet.models.detectors import BaseDetector
from mmengine.config import Config
from mmengine.registry import init_default_scope

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import (
    build_trained,
    build_untrained,
    input_shape,
    read_benchmark_config,
    read_image,
    samples_for,
)
from mmdet_plus.analysis.inference_cost.timing import median_seconds
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_detections,
    add_proposals,
    add_shape,
    add_timing_arguments,
)

CONFIGS = Path(__file__).parents[2] / 'configs'
DEFAULT = (
    'mmdet::faster_rcnn/faster-rcnn_r50_fpn_2x_coco',
    'mmdet::grid_rcnn/grid-rcnn_r50_fpn_gn-head_2x_coco',
    'mmdet::double_heads/dh-faster-rcnn_r50_fpn_1x_coco',
    'mmdet::htc/htc-without-semantic_r50_fpn_1x_coco',
    str(CONFIGS / 'd2det' / 'd2det_r50_fpn_2x_coco.py'),
    str(CONFIGS / 'd2det' / 'd2det-mask_r50_fpn_2x_coco.py'),
    str(CONFIGS / 'cpm_rcnn' / 'cpm-rcnn_r50_fpn_2x_coco.py'),
    str(CONFIGS / 'double_head' / 'dh-ext-faster-rcnn_r50_fpn_1x_coco.py'),
    'mmdet::ssd/ssd300_coco',
    str(CONFIGS / 'refinedet' / 'refinedet320_vgg16_400k_coco.py'),
    'mmdet::ssd/ssd512_coco',
    str(CONFIGS / 'refinedet' / 'refinedet512_vgg16_400k_coco.py'),
)


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'configs',
        nargs='*',
        default=DEFAULT,
        help='file, or a name such as mmdet::ssd/ssd300_coco',
    )
    parser.add_argument('--checkpoint', help='weights of all detectors')
    parser.add_argument('--image', help='instead of noise')
    add_shape(parser, 640, 640)
    add_proposals(parser, 1000)
    add_detections(parser)
    add_timing_arguments(parser)
    return parser


def prepare(cfg: Config, args: argparse.Namespace) -> tuple[BaseDetector, torch.Tensor]:
    """A detector on its device, and images for it."""
    shape = input_shape(cfg, tuple(args.shape))
    inputs = torch.randn(1, 3, *shape, generator=torch.Generator().manual_seed(0))
    if args.checkpoint:
        model = build_trained(cfg, args.checkpoint)
    else:
        limits = dict(proposals=args.proposals, detections=args.detections)
        model = build_untrained(cfg, **limits)
    if args.image:
        inputs = read_image(args.image, shape, model)
    return model.to(args.device), inputs.to(args.device)


@torch.no_grad()
def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time all detectors and print the table."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    tasks, cells = {}, {}
    for name in args.configs:
        model, inputs = prepare(read_benchmark_config(name), args)
        tasks[name] = partial(model.predict, inputs, samples_for(inputs), rescale=False)
        found = tasks[name]()[0].pred_instances
        height, width = inputs.shape[-2:]
        cells[name] = f'{len(found)} | {width} x {height}'
    limits = f'{args.proposals} proposals'
    print(
        f'{"limits of the configs" if args.checkpoint else limits}, float32, '
        f'{args.threads} threads, {args.device}, torch {torch.__version__}, '
        f'median of {args.runs}'
    )
    print('| detector | seconds | ratio | detections | input |\n|' + ' --- |' * 5)
    seconds = median_seconds(tasks, args.runs, args.device)
    first = seconds[args.configs[0]]
    for name, own in seconds.items():
        print(f'| {Path(name).stem} | {own:.3f} | {own / first:.2f} | {cells[name]} |')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
