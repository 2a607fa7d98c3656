"""Train the small D2Det and its baseline on generated data, and compare them.

    python tools/demo/shapes_demo.py

Makes the shapes data, trains and tests both, draws what D2Det finds, and writes
reports on each of them and on the two side by side.

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
CONFIGS = TOOLS.parent / 'configs'
CONFIG = CONFIGS / 'd2det' / 'd2det_r18_fpn_1x_shapes.py'
BASELINE = CONFIGS / 'baselines' / 'faster-rcnn_r18_fpn_1x_shapes.py'


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


def train_and_test(config: Path, work_dir: Path) -> str:
    """Train, test, and report below ``work_dir``; returns the checkpoint."""
    run('train.py', config, '--work-dir', work_dir, '--overwrite')
    checkpoint = (work_dir / 'last_checkpoint').read_text().strip()
    flags = ['--work-dir', work_dir / 'test', '--report', work_dir / 'report']
    run('test.py', config, checkpoint, '--eval', 'bbox', *flags)
    return checkpoint


def compare(data: Path, work_dir: Path, baseline_dir: Path) -> Path:
    """Write the report on D2Det against its baseline; returns its page."""
    files = [d / 'report' / 'predictions.pkl' for d in (baseline_dir, work_dir)]
    out_dir = work_dir / 'comparison'
    run(
        *('report.py', '--compare', *files, '--names', 'Faster R-CNN', 'D2Det'),
        *('--ann', data / 'annotations' / 'val.json', '--images', data / 'val'),
        *('--out', out_dir),
    )
    return out_dir / 'report.html'


def main(argv: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--data', type=Path, default=Path('data/shapes'), help='folder')
    parser.add_argument(
        '--work-dir', type=Path, default=Path('work_dirs/demo'), help='folder'
    )
    parser.add_argument('--images', type=int, default=12, help='images to draw')
    args = parser.parse_args(argv)
    start = time.monotonic()
    run('dataset_converters/make_shapes.py', args.data)
    checkpoint = train_and_test(CONFIG, args.work_dir)
    draw(args.work_dir, checkpoint, args.images)
    baseline_dir = args.work_dir / 'baseline'
    train_and_test(BASELINE, baseline_dir)
    page = compare(args.data, args.work_dir, baseline_dir)
    print(f'\nD2Det on shapes, {time.monotonic() - start:.0f} s in all')
    runs = dict(D2Det=args.work_dir, baseline=baseline_dir)
    metrics = {name: read_metrics(folder / 'test') for name, folder in runs.items()}
    for name in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75'):
        d2det, baseline = (own[f'coco/{name}'] for own in metrics.values())
        print(f'  {name:<12} {d2det:.3f}   Faster R-CNN {baseline:.3f}')
    for name in ('curves.png', 'predictions.png', 'report/report.html'):
        print(f'  {args.work_dir / name}')
    print(f'D2Det against Faster R-CNN, open in a browser:\n  {page}')


if __name__ == '__main__':
    main()
