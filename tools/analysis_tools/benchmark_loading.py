"""Time how fast the training pipelines of configs deliver images.

    python tools/analysis_tools/benchmark_loading.py CONFIG [CONFIG ...] [--workers 1 2]

A config is a file or a name such as ``mmdet::ssd/ssd300_coco``. Images are drawn: JPEG
files of ``--size`` pixels with their objects, and masks where the pipeline reads them.
Prints one table: images per second with each number of workers.
"""

import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from mmdet.registry import DATASETS
from mmengine.dataset import pseudo_collate
from mmengine.registry import init_default_scope
from torch.utils.data import DataLoader, Dataset, RandomSampler

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.analysis.inference_cost.detectors import read_benchmark_config
from mmdet_plus.cli.arguments import ToolParser, at_least
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.preflight.dataset_configs import iter_datasets
from mmdet_plus.datasets.shapes.creation import ShapesSpec, create_shapes
from mmdet_plus.errors import UserError

BATCH = 2
NUM_DRAWN = 64
WARM_UP = 16  # images


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        'configs', nargs='+', help='files, or names such as mmdet::ssd/ssd300_coco'
    )
    parser.add_argument(
        '--workers',
        type=at_least(0),
        nargs='+',
        default=[1, 2],
        help='numbers of processes that load; 0: the tool itself; default: 1 2',
    )
    parser.add_argument(
        '--images', type=at_least(BATCH), default=640, help='to be timed; 640'
    )
    parser.add_argument(
        '--size', type=at_least(32), default=640, help='side of an image in pixels; 640'
    )
    return parser


def dataset_of(name: str, root: Path) -> Dataset:
    """The training data of a config, with the drawn images in their place.

    Raises:
        UserError: if the config has no training data.
    """
    cfg = read_benchmark_config(name)
    innermost = list(iter_datasets(cfg, 'train_dataloader'))
    if not innermost:
        raise UserError(f'{name} has no training data')
    for _, config in innermost:
        pipeline = config.get('pipeline')
        config.clear()
        config.update(
            type='ShapesDataset',
            data_root=str(root),
            ann_file='annotations/train.json',
            data_prefix=dict(img='train/'),
            pipeline=pipeline,
        )
    with redirect_stdout(sys.stderr):  # of pycocotools
        return DATASETS.build(cfg.train_dataloader.dataset)


def images_per_second(dataset: Dataset, workers: int, num_images: int) -> float:
    """Of so many images, after some during which the workers start."""
    loader = DataLoader(
        dataset,
        BATCH,
        sampler=RandomSampler(dataset, num_samples=WARM_UP + num_images),
        num_workers=workers,
        collate_fn=pseudo_collate,
    )
    batches = iter(loader)
    for _ in range(WARM_UP // BATCH):
        next(batches)
    start = time.perf_counter()
    delivered = sum(len(batch['inputs']) for batch in batches)
    return delivered / (time.perf_counter() - start)


def benchmark(argv: Sequence[str] | None) -> None:
    """Parse the arguments, time all pipelines and print the table."""
    args = build_parser().parse_args(argv)
    init_default_scope('mmdet')
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / 'shapes'
        create_shapes(root, ShapesSpec(NUM_DRAWN, 1, image_size=args.size))
        rows = []
        for name in args.configs:
            dataset = dataset_of(name, root)
            speeds = [images_per_second(dataset, n, args.images) for n in args.workers]
            rows.append([Path(name).stem, *(f'{speed:.1f}' for speed in speeds)])
    print(f'{args.images} images of {args.size} x {args.size}, batches of {BATCH}\n')
    header = [f'{n} worker' + 's' * (n != 1) for n in args.workers]
    for cells in (['images per second', *header], ['---'] * (len(header) + 1), *rows):
        print(f'| {" | ".join(cells)} |')


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(benchmark, argv)


if __name__ == '__main__':
    sys.exit(main())
