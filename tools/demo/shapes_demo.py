"""Make the shapes data, train the small D2Det on it, test it, and draw the results.

    python tools/demo/shapes_demo.py

Everything goes to ``data/shapes`` and ``work_dirs/demo``.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from mmdet.apis import init_detector
from mmdet.registry import DATASETS
from mmengine.config import Config

from mmdet_plus.visualization import (
    draw_prediction_grid,
    plot_training_curves,
    read_scalars,
)

TOOLS = Path(__file__).parents[1]
CONFIG = TOOLS.parent / 'configs' / 'd2det' / 'd2det_r18_fpn_1x_shapes.py'


def run(tool: str, *args: str | Path) -> None:
    """Run another tool; its failure ends this one."""
    command = [sys.executable, str(TOOLS / tool), *map(str, args)]
    code = subprocess.run(command).returncode
    if code != 0:
        raise SystemExit(code)


def read_metrics(work_dir: Path) -> dict:
    """Metrics that the newest run of tools/test.py below ``work_dir`` wrote."""
    newest = max(work_dir.glob('*/*.json'), key=lambda path: path.stat().st_mtime)
    return json.loads(newest.read_text())


def draw(work_dir: Path, checkpoint: str, num_images: int) -> None:
    config = Config.fromfile(CONFIG)
    plot_training_curves(read_scalars(work_dir), work_dir / 'curves.png')
    model = init_detector(config, checkpoint, device='cpu')
    dataset = DATASETS.build(config.test_dataloader.dataset)
    out_file = work_dir / 'predictions.png'
    draw_prediction_grid(model, dataset, out_file, indices=range(num_images))


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, default=Path('data/shapes'))
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/demo'))
    parser.add_argument('--images', type=int, default=12, help='images to draw')
    args = parser.parse_args(argv)
    start = time.monotonic()
    run('dataset_converters/make_shapes.py', args.data)
    run('train.py', CONFIG, '--work-dir', args.work_dir, '--overwrite')
    checkpoint = (args.work_dir / 'last_checkpoint').read_text().strip()
    test_dir = args.work_dir / 'test'
    run('test.py', CONFIG, checkpoint, '--eval', 'bbox', '--work-dir', test_dir)
    draw(args.work_dir, checkpoint, args.images)
    metrics = read_metrics(test_dir)
    print(f'\nD2Det on shapes, {time.monotonic() - start:.0f} s in all')
    for name in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75'):
        print(f'  {name:<12} {metrics[f"coco/{name}"]:.3f}')
    for name in ('curves.png', 'predictions.png'):
        print(f'  {args.work_dir / name}')


if __name__ == '__main__':
    main()
