"""Pictures of the analysis of Double-Head R-CNN, sec. 3."""

from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from matplotlib.figure import Figure
from torch import Tensor

from ...whole_files import written_whole
from ..report.plots import COLORS, DPI, add_legend, new_figure

PANEL = (2.9, 2.6)  # inches
HEAD_COLORS = {'fc': COLORS[0], 'conv': COLORS[1]}


def plot_correlations(rows: Sequence[dict], out_file: Path | BinaryIO) -> None:
    """Bars of the correlation of score and IoU, by size and head.

    Args:
        rows: as ``HeadCorrelationAnalysis.correlation_rows`` returns them.
        out_file: picture to write; its ending names the format, PNG for a stream.
    """
    figure, (panel,) = new_figure()
    heads = list(dict.fromkeys(row['head'] for row in rows))
    for i, head in enumerate(heads):
        own = [row for row in rows if row['head'] == head]
        places = [place + 0.4 * i for place in range(len(own))]
        heights = [row['pearson'] for row in own]
        panel.bar(places, heights, 0.38, label=f'{head}-head', color=HEAD_COLORS[head])
    sizes = list(dict.fromkeys(row['size'] for row in rows))
    middle = 0.2 * (len(heads) - 1)
    panel.set_xticks([i + middle for i in range(len(sizes))], sizes)
    panel.set(ylabel='Pearson correlation of score and IoU')
    if heads:
        add_legend(figure, panel)
    _save(figure, out_file)


def plot_bins(rows: Sequence[dict], quantity: str, out_file: Path | BinaryIO) -> None:
    """Mean and deviation of a quantity by proposal IoU, a panel for each size.

    Args:
        rows: as ``HeadCorrelationAnalysis.bin_rows`` returns them.
        quantity: ``'score'`` or ``'regressed_iou'``.
        out_file: picture to write.
    """
    chosen = [row for row in rows if row['quantity'] == quantity and row['proposals']]
    sizes = list(dict.fromkeys(row['size'] for row in chosen)) or ['all']
    figure, panels = _small_panels(len(sizes))
    for panel, size in zip(panels, sizes, strict=True):
        for head in dict.fromkeys(row['head'] for row in chosen):
            own = [r for r in chosen if (r['size'], r['head']) == (size, head)]
            places = [(row['iou_low'] + row['iou_high']) / 2 for row in own]
            means = [row['mean'] for row in own]
            spread = [row['std'] for row in own]
            look = dict(capsize=2, color=HEAD_COLORS[head])
            panel.errorbar(places, means, spread, label=f'{head}-head', **look)
        label = quantity.replace('_', ' ')
        panel.set(title=size, xlabel='proposal IoU', ylabel=label, xlim=(0, 1))
    if chosen:
        add_legend(figure, panels[0])
    _save(figure, out_file)


def plot_spatial_maps(maps: dict[str, Tensor], out_file: Path | BinaryIO) -> None:
    """For each matrix a k x k grid of k x k maps: the similarity to that place.

    Args:
        maps: matrices (k * k, k * k).
        out_file: picture to write.
    """
    figure, panels = _small_panels(len(maps))
    for panel, (name, matrix) in zip(panels, maps.items(), strict=True):
        side = round(len(matrix) ** 0.5)
        grid = matrix.view(side, side, side, side).transpose(1, 2)
        picture = panel.imshow(
            grid.reshape(side**2, side**2).numpy(), vmin=-0.2, vmax=1
        )
        ticks = [side * i - 0.5 for i in range(side + 1)]
        panel.set(title=name.replace('_', ' '), xticks=ticks, yticks=ticks)
        panel.tick_params(labelbottom=False, labelleft=False)
        panel.grid(color='white', linewidth=0.8)
        panel.set_axisbelow(False)
    figure.colorbar(
        picture, ax=panels, location='bottom', shrink=0.8, label='cosine similarity'
    )
    _save(figure, out_file)


def _small_panels(number: int) -> tuple[Figure, list]:
    """Panels in two columns, so that phones show them large enough to be read."""
    columns = min(number, 2)
    figure, panels = new_figure(-(-number // columns), columns, PANEL)
    for panel in panels[number:]:
        panel.set_visible(False)
    return figure, panels[:number]


def _save(figure: Figure, out_file: Path | BinaryIO) -> None:
    if not isinstance(out_file, str | Path):
        figure.savefig(out_file, dpi=DPI)
        return
    with written_whole(out_file) as part:
        figure.savefig(part, dpi=DPI)
