"""Time detectors in PyTorch, compiled by it, and as ONNX files, in one run.

    python tools/analysis_tools/benchmark_deploy.py [MODEL ...] [--runs 10]

A model is a name of the model zoo, with its weights, or a config file. Of a config file
the weights are random, and ``--proposals`` and ``--detections`` say how many there are.
All look at the same image, from its pixels to boxes; what is compiled is the form that
is exported. Exporting and compiling happen before the clock starts.
Prints one table: median seconds, and their ratio to those of plain PyTorch.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import onnxruntime
import torch
from mmdet.apis import init_detector
from mmengine.config import Config
from mmengine.registry import init_default_scope
from torch import nn

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import build_untrained, input_shape
from mmdet_plus.analysis.inference_cost.timing import median_seconds
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.flags_of_benchmarks import (
    add_detections,
    add_proposals,
    add_shape,
    add_timing_arguments,
)
from mmdet_plus.deploy import OnnxDetector
from mmdet_plus.deploy.description import ExportOptions, describe_model
from mmdet_plus.deploy.exporting import compiled, deploy_form, write_onnx
from mmdet_plus.deploy.image_preparation import prepare, read_image
from mmdet_plus.deploy.verification import detect_with_pytorch, sample_images
from mmdet_plus.zoo import fetch, find_entry

DEFAULT = (
    'd2det_tiny_shapes',
    'cpm-rcnn_tiny_shapes',
    'faster-rcnn-dcrv2_tiny_shapes',
    'refinedet320_tiny_shapes',
    'dh-ext-faster-rcnn_tiny_shapes',
)
EAGER, COMPILED, ONNX = WAYS = ('eager', 'compiled', 'onnxruntime')
Work = Callable[[], object]


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'models', nargs='*', default=DEFAULT, help='names; see tools/zoo.py list'
    )
    parser.add_argument(
        '--ways', nargs='+', choices=WAYS, default=WAYS, help='default: all'
    )
    parser.add_argument('--image', help='default: a photograph')
    add_shape(parser, 416, 608)
    add_proposals(parser, 300)
    add_detections(parser)
    add_timing_arguments(parser, has_device=False)
    return parser


def read_model(
    name: str, args: argparse.Namespace
) -> tuple[Config, nn.Module, tuple[int, int] | None]:
    """Config, detector and, of a config file, the size of its images."""
    if not name.endswith('.py'):
        entry = find_entry(name)
        detector = init_detector(str(entry.config), str(fetch(entry)), device='cpu')
        return Config.fromfile(entry.config), detector, None
    cfg = Config.fromfile(name)
    shape = input_shape(cfg, tuple(args.shape))
    limits = dict(proposals=args.proposals, detections=args.detections)
    return cfg, build_untrained(cfg, **limits), shape


def works_of(name: str, args: argparse.Namespace, folder: Path) -> dict[str, Work]:
    """What each way has to do for a model, ready to run."""
    cfg, detector, shape = read_model(name, args)
    info = describe_model(cfg, detector, Path(name).stem, ExportOptions(shape))
    image = read_image(args.image) if args.image else sample_images()[0]
    inputs = prepare([image], info)
    works: dict[str, Work] = {EAGER: partial(detect_with_pytorch, detector, inputs)}
    if COMPILED in args.ways:
        tensors = map(torch.from_numpy, inputs)
        works[COMPILED] = partial(compiled(deploy_form(detector)), *tensors)
    if ONNX in args.ways:
        path = folder / 'model.onnx'
        write_onnx(detector, info, path)
        exported = OnnxDetector(path, num_threads=args.threads)
        works[ONNX] = partial(exported.detect, inputs)
    return works


def row_of(name: str, seconds: dict[str, float], ways: Sequence[str]) -> str:
    """A row of the table."""
    cells = [Path(name).stem, f'{seconds[EAGER]:.3f}']
    for way in ways:
        cells += [f'{seconds[way]:.3f}', f'{seconds[way] / seconds[EAGER]:.2f}']
    return '| ' + ' | '.join(cells) + ' |'


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time all models and print the table."""
    args = build_parser().parse_args(argv)
    torch.set_num_threads(args.threads)
    init_default_scope('mmdet')
    rows = []
    for name in args.models:
        with tempfile.TemporaryDirectory() as folder:
            works = works_of(name, args, Path(folder))
            seconds = median_seconds(works, args.runs)
        ways = [way for way in works if way != EAGER]
        rows.append(row_of(name, seconds, ways))
    print(
        f'one image, float32, {args.threads} threads, torch {torch.__version__}, '
        f'onnxruntime {onnxruntime.__version__}, median of {args.runs}'
    )
    titles = ['detector', EAGER, *(title for way in ways for title in (way, 'ratio'))]
    print('| ' + ' | '.join(titles) + ' |\n|' + ' --- |' * len(titles))
    print('\n'.join(rows))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
