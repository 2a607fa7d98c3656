"""Compare the fc-head and the conv-head of a trained Double-Head detector.

    python tools/analysis_tools/head_correlation.py CONFIG CHECKPOINT [--images 500]

Slides proposals around the ground truth boxes of the test set and measures, for objects
of each size, how the heads' scores correlate with the IoU, how far their boxes improve
the IoU, and how alike the places of their features are. Writes CSV files and pictures.
"""

import csv
import math
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmdet.datasets import BaseDetDataset
from mmdet.registry import DATASETS
from mmengine.utils import track_iter_progress

from mmdet_plus.analysis.head_correlation.collection import (
    AnalysisOptions,
    HeadCorrelationAnalysis,
)
from mmdet_plus.analysis.head_correlation.plots import (
    plot_bins,
    plot_correlations,
    plot_spatial_maps,
)
from mmdet_plus.analysis.head_correlation.readings import HEADS
from mmdet_plus.cli.arguments import ToolParser, at_least, number_in
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.output_paths import check_folder
from mmdet_plus.cli.preflight.checks import check_test_data, print_warnings
from mmdet_plus.cli.trained_detector import add_detector_arguments, load_detector
from mmdet_plus.errors import UserError
from mmdet_plus.whole_files import written_whole

DEFAULTS = AnalysisOptions()


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Compare the heads of a Double-Head detector')
    add_detector_arguments(parser)
    parser.add_argument(
        '--out-dir',
        type=Path,
        default=Path('work_dirs/heads'),
        help='folder to write to; work_dirs/heads',
    )
    parser.add_argument(
        '--images',
        type=at_least(1),
        help='analyse so many, chosen by chance; default: all',
    )
    parser.add_argument('--seed', type=int, default=0, help='of the choice of images')
    parser.add_argument(
        '--shifts',
        type=number_in(-math.inf, math.inf),
        nargs='+',
        default=DEFAULTS.shifts,
        help='of the proposals in x and y, as fractions of the object',
    )
    parser.add_argument(
        '--scales',
        type=number_in(0, math.inf, with_low=False),
        nargs='+',
        default=DEFAULTS.scales,
        help='of both sides',
    )
    for name, default in (('small', DEFAULTS.small), ('medium', DEFAULTS.medium)):
        parser.add_argument(
            f'--{name}',
            type=number_in(0, math.inf),
            default=default,
            help=f'areas below are {name}',
        )
    parser.add_argument(
        '--chunk', type=at_least(1), default=DEFAULTS.chunk, help='proposals at once'
    )
    return parser


def choose_images(
    dataset: BaseDetDataset, count: int | None, seed: int
) -> Sequence[int]:
    """Indices of all images, or of ``count`` of them."""
    if count is None or count >= len(dataset):
        return range(len(dataset))
    return random.Random(seed).sample(range(len(dataset)), count)


def write_results(analysis: HeadCorrelationAnalysis, out_dir: Path) -> None:
    """CSV files and pictures."""
    out_dir.mkdir(parents=True, exist_ok=True)
    correlations, bins = analysis.correlation_rows(), analysis.bin_rows()
    for name, rows in (('correlation', correlations), ('bins', bins)):
        place = out_dir / f'{name}.csv'
        with written_whole(place) as part, part.open('w', newline='') as file:
            writer = csv.DictWriter(file, rows[0].keys())
            writer.writeheader()
            writer.writerows(rows)
    maps = analysis.spatial_maps()
    for name, matrix in maps.items():
        with written_whole(out_dir / f'spatial_correlation_{name}.csv') as part:
            np.savetxt(part, matrix.numpy(), fmt='%.5f', delimiter=',')
    plot_correlations(correlations, out_dir / 'correlation.png')
    for quantity in ('score', 'regressed_iou'):
        plot_bins(bins, quantity, out_dir / f'{quantity}.png')
    plot_spatial_maps(maps, out_dir / 'spatial_correlation.png')


def report(analysis: HeadCorrelationAnalysis) -> None:
    """Print the correlations and what the model does not have."""
    print('| head | size | proposals | correlation of score and IoU |')
    print('| --- | --- | --- | --- |')
    for row in analysis.correlation_rows():
        print('| {head} | {size} | {proposals} | {pearson:.3f} |'.format(**row))
    quantities = {(row['quantity'], row['head']) for row in analysis.bin_rows()}
    for head in HEADS:
        for quantity, what in (
            ('score', 'class scores'),
            ('regressed_iou', 'boxes'),
        ):
            if (quantity, head) not in quantities:
                print(f'the {head}-head of this model has no {what}')


def analyse(argv: Sequence[str] | None) -> None:
    """Parse the arguments, analyse the images and write the results."""
    args = build_parser().parse_args(argv)
    if args.small > args.medium:
        raise UserError(f'--small {args.small:g} is above --medium {args.medium:g}')
    check_folder(args.out_dir, '--out-dir')
    cfg, model = load_detector(args)
    print_warnings(check_test_data(cfg))
    dataset = DATASETS.build(cfg.test_dataloader.dataset)
    options = AnalysisOptions(
        args.shifts, args.scales, args.small, args.medium, args.chunk
    )
    try:
        analysis = HeadCorrelationAnalysis(model, options)
    except TypeError as error:
        raise UserError(str(error)) from error
    images = choose_images(dataset, args.images, args.seed)
    start = time.perf_counter()
    for index in track_iter_progress(list(images)):
        analysis.add_image(dataset, index)
    seconds = time.perf_counter() - start
    if not analysis.correlation_rows():
        raise UserError(f'the {len(images)} images give no proposal around an object')
    write_results(analysis, args.out_dir)
    print(
        f'\n{analysis.num_objects} objects in {len(images)} images, '
        f'{seconds / len(images):.2f} s per image'
    )
    report(analysis)
    print(f'written to {args.out_dir}')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(analyse, argv)


if __name__ == '__main__':
    sys.exit(main())
