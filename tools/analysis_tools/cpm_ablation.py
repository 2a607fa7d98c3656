"""Train and evaluate the rows of Table 1 of CPM R-CNN on shapes, and print one table.

    python tools/analysis_tools/cpm_ablation.py [CONFIG ...] [--seeds 0 1] [--epochs 16]

What is measured is written to ``--work-dir``, below the name of the config, the epochs
and the seed, and not measured again.
"""

import copy
import json
import statistics
import sys
from collections.abc import Sequence
from pathlib import Path

from mmdet.evaluation import CocoMetric
from mmengine.config import Config

import mmdet_plus  # noqa: F401  registers the components
from mmdet_plus.cli.arguments import ToolParser
from mmdet_plus.cli.config_loading import read_config
from mmdet_plus.cli.error_reporting import run_tool
from mmdet_plus.cli.launch import build_runner
from mmdet_plus.cli.preflight.checks import check_before_training, print_warnings
from mmdet_plus.cli.preflight.dataset_configs import iter_evaluators, metric_class
from mmdet_plus.errors import UserError

FOLDER = Path(__file__).parents[2] / 'configs' / 'cpm_rcnn'
ROWS = (
    'grid-rcnn_r18_fpn',
    'cpm-rcnn_r18_fpn-baseline',
    'cpm-rcnn_r18_fpn-cmm',
    'cpm-rcnn_r18_fpn-ism',
    'cpm-rcnn_r18_fpn-cmm-ism',
    'cpm-rcnn_r18_fpn-rsm',
    'cpm-rcnn_r18_fpn-cmm-rsm',
    'cpm-rcnn_r18_fpn-ism-rsm',
    'cpm-rcnn_r18_fpn',
)
DEFAULT = tuple(str(FOLDER / f'{row}_1x_shapes.py') for row in ROWS)
COLUMNS = ('mAP', 'mAP_50', 'mAP_75', 'mAP_s', 'mAP_m', 'mAP_l')


def build_parser() -> ToolParser:
    """The arguments of this tool."""
    parser = ToolParser(description='Ablation of CPM R-CNN')
    parser.add_argument('configs', nargs='*', default=DEFAULT, help='rows of the table')
    parser.add_argument('--seeds', type=int, nargs='+', default=[0])
    parser.add_argument('--epochs', type=int, help='default: as the configs say')
    parser.add_argument('--work-dir', type=Path, default=Path('work_dirs/cpm_ablation'))
    return parser


def shorten(cfg: Config, epochs: int) -> None:
    """Change the length of a schedule that counts epochs, in place."""
    before = cfg.train_cfg.max_epochs
    cfg.train_cfg.max_epochs = epochs
    for scheduler in cfg.get('param_scheduler', []):
        for key in ('end', 'T_max'):
            if scheduler.get('by_epoch', True) and scheduler.get(key) == before:
                scheduler[key] = epochs


def train_and_evaluate(cfg: Config, seed: int, work_dir: Path) -> dict[str, float]:
    """Metrics after the last epoch."""
    cfg.work_dir = str(work_dir)
    cfg.setdefault('randomness', {})['seed'] = seed
    cfg.train_cfg.val_interval = cfg.train_cfg.max_epochs + 1  # once, at the end
    runner = build_runner(cfg)
    runner.train()
    return runner.val()


def read_row(config: str, epochs: int | None) -> Config:
    """The config of a row, of the wanted length.

    Raises:
        UserError: if it cannot be trained, or its results not be shown.
    """
    cfg = read_config(config)
    if 'max_epochs' not in (cfg.get('train_cfg') or {}):
        raise UserError(f'{config}: train_cfg.max_epochs is needed')
    evaluators = [metric for _, metric in iter_evaluators(cfg, 'val_evaluator')]
    if not any(map(_measures_boxes, evaluators)):
        raise UserError(f'{config}: val_evaluator must be a CocoMetric of bbox')
    if epochs is not None:
        shorten(cfg, epochs)
    print_warnings(check_before_training(cfg))
    return cfg


def _measures_boxes(metric: dict) -> bool:
    kind = metric_class(metric) or object
    return issubclass(kind, CocoMetric) and 'bbox' in metric.get('metric', 'bbox')


def measure(name: str, cfg: Config, seed: int, root: Path) -> dict[str, float]:
    """Metrics of one row, read from a file if they were measured before."""
    length = cfg.train_cfg.max_epochs
    work_dir = root / name / f'{length}_epochs_seed_{seed}'
    file = work_dir / 'metrics.json'
    if not file.exists():
        metrics = train_and_evaluate(copy.deepcopy(cfg), seed, work_dir)
        file.write_text(json.dumps({k: float(v) for k, v in metrics.items()}))
    return json.loads(file.read_text())


def format_row(name: str, runs: list[dict[str, float]]) -> str:
    """Means over the seeds, with the range of the AP where there are several."""
    cells = []
    for column in COLUMNS:
        # A run that finds nothing has no metrics; its AP is 0.
        values = [run[f'coco/bbox_{column}'] if run else 0.0 for run in runs]
        text = f'{statistics.mean(values):.3f}'
        if len(values) > 1 and column == 'mAP':
            text += f' ({min(values):.3f} to {max(values):.3f})'
        cells.append(text)
    return f'| {name} | ' + ' | '.join(cells) + ' |'


def ablate(argv: Sequence[str] | None) -> None:
    """Parse the arguments, measure all rows and print the table."""
    args = build_parser().parse_args(argv)
    if args.epochs is not None and args.epochs < 1:
        raise UserError(f'--epochs must be at least 1, got {args.epochs}')
    rows = []
    # All errors come before hours of training.
    cfgs = [read_row(config, args.epochs) for config in args.configs]
    for config, cfg in zip(args.configs, cfgs, strict=True):
        name = Path(config).stem
        runs = [measure(name, cfg, seed, args.work_dir) for seed in args.seeds]
        rows.append(format_row(name, runs))
    epochs = 'as many epochs as the configs say' if args.epochs is None else args.epochs
    seeds = ', '.join(map(str, args.seeds))
    print(f'seeds: {seeds}; epochs: {epochs}')
    print('| config | ' + ' | '.join(COLUMNS) + ' |')
    print('|' + ' --- |' * (len(COLUMNS) + 1))
    print('\n'.join(rows))


def main(argv: Sequence[str] | None = None) -> int:
    """Run the tool; see ``run_tool`` for the exit status."""
    return run_tool(ablate, argv)


if __name__ == '__main__':
    sys.exit(main())
