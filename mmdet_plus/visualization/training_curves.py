"""Loss and AP curves from the scalars that a training logs."""

import json
from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from ..whole_files import written_whole


def read_scalars(work_dir: Path) -> list[dict]:
    """Logged records of the newest run below a work dir, oldest first.

    Raises:
        FileNotFoundError: no run in ``work_dir`` has logged anything.
    """
    logs = sorted(Path(work_dir).glob('*/vis_data/scalars.json'))
    if not logs:
        raise FileNotFoundError(f'no */vis_data/scalars.json in {work_dir}')
    return [json.loads(line) for line in logs[-1].read_text().splitlines()]


def plot_training_curves(scalars: Sequence[dict], out_file: Path) -> None:
    """Draw losses by iteration and box AP by epoch side by side.

    Args:
        scalars: records as :func:`read_scalars` returns them.
        out_file: picture to write; its ending names the format.
    """
    figure = Figure(figsize=(11, 4), layout='constrained')
    FigureCanvasAgg(figure)
    losses, precision = figure.subplots(1, 2)
    training = [record for record in scalars if 'loss' in record]
    validation = [record for record in scalars if 'coco/bbox_mAP' in record]
    for key in sorted({k for record in training for k in record if 'loss' in k}):
        points = [(r['step'], r[key]) for r in training if key in r]
        losses.plot(*zip(*points, strict=True), label=key)
    losses.set(xlabel='iteration', ylabel='loss', yscale='log')
    for key in ('bbox_mAP', 'bbox_mAP_50', 'bbox_mAP_75'):
        points = [(r['step'], r[f'coco/{key}']) for r in validation]
        if points:
            precision.plot(*zip(*points, strict=True), marker='o', label=key)
    precision.set(xlabel='epoch', ylabel='AP on val', ylim=(0, 1))
    for axes in (losses, precision):
        axes.grid(alpha=0.3)
        if axes.has_data():
            axes.legend(fontsize='small')
    with written_whole(out_file) as part:
        figure.savefig(part, dpi=120)
