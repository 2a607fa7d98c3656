"""Pictures of the analysis of Double-Head R-CNN, sec. 3."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from torch import Tensor


def plot_correlations(rows: Sequence[dict], out_file: Path | BinaryIO) -> None:
    """Bars of the correlation of score and IoU, by size and head.

    Args:
        rows: as ``HeadCorrelationAnalysis.correlation_rows`` returns them.
        out_file: picture to write; its ending names the format, PNG for a stream.
    """
    figure, axes = _figure(1)
    heads = list(dict.fromkeys(row['head'] for row in rows))
    for i, head in enumerate(heads):
        own = [row for row in rows if row['head'] == head]
        places = [place + 0.4 * i for place in range(len(own))]
        heights = [row['pearson'] for row in own]
        axes[0].bar(places, heights, width=0.38, label=f'{head}-head')
    sizes = list(dict.fromkeys(row['size'] for row in rows))
    middle = 0.2 * (len(heads) - 1)
    axes[0].set_xticks([i + middle for i in range(len(sizes))], sizes)
    axes[0].set(ylabel='Pearson correlation of score and IoU')
    _save(figure, axes, out_file)


def plot_bins(rows: Sequence[dict], quantity: str, out_file: Path | BinaryIO) -> None:
    """Mean and deviation of a quantity by proposal IoU, a panel for each size.

    Args:
        rows: as ``HeadCorrelationAnalysis.bin_rows`` returns them.
        quantity: ``'score'`` or ``'regressed_iou'``.
        out_file: picture to write.
    """
    chosen = [row for row in rows if row['quantity'] == quantity and row['proposals']]
    sizes = list(dict.fromkeys(row['size'] for row in chosen)) or ['all']
    figure, axes = _figure(len(sizes))
    for panel, size in zip(axes, sizes, strict=True):
        for head in dict.fromkeys(row['head'] for row in chosen):
            own = [r for r in chosen if (r['size'], r['head']) == (size, head)]
            places = [(row['iou_low'] + row['iou_high']) / 2 for row in own]
            means = [row['mean'] for row in own]
            spread = [row['std'] for row in own]
            panel.errorbar(places, means, spread, capsize=2, label=f'{head}-head')
        label = quantity.replace('_', ' ')
        panel.set(title=size, xlabel='proposal IoU', ylabel=label, xlim=(0, 1))
    _save(figure, axes, out_file)


def plot_spatial_maps(maps: dict[str, Tensor], out_file: Path | BinaryIO) -> None:
    """For each matrix a k x k grid of k x k maps: the similarity to that place.

    Args:
        maps: matrices (k * k, k * k).
        out_file: picture to write.
    """
    figure, axes = _figure(len(maps))
    for panel, (name, matrix) in zip(axes, maps.items(), strict=True):
        side = round(len(matrix) ** 0.5)
        grid = matrix.view(side, side, side, side).transpose(1, 2)
        picture = panel.imshow(
            grid.reshape(side**2, side**2).numpy(), vmin=-0.2, vmax=1
        )
        ticks = [side * i - 0.5 for i in range(side + 1)]
        panel.set(title=name.replace('_', ' '), xticks=ticks, yticks=ticks)
        panel.tick_params(labelbottom=False, labelleft=False)
        panel.grid(color='white', linewidth=0.8)
        figure.colorbar(picture, ax=panel, shrink=0.8, label='cosine similarity')
    figure.savefig(out_file, dpi=120)


def _figure(columns: int) -> tuple[Figure, list]:
    figure = Figure(figsize=(4.5 * columns, 4), layout='constrained')
    FigureCanvasAgg(figure)
    return figure, list(figure.subplots(1, columns, squeeze=False)[0])


def _save(figure: Figure, axes: list, out_file: Path | BinaryIO) -> None:
    for panel in axes:
        panel.grid(alpha=0.3)
        if panel.has_data():
            panel.legend(fontsize='small')
    figure.savefig(out_file, dpi=120)
