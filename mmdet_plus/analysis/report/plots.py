"""The plots of a report, as PNG files in memory."""

import io
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter, ScalarFormatter

# Okabe and Ito's colours, which colour-blind readers can tell apart.
COLORS = (
    '#0072B2',
    '#E69F00',
    '#009E73',
    '#D55E00',
    '#CC79A7',
    '#56B4E9',
    '#F0E442',
    '#999999',
)
DPI = 100
MAX_POINTS = 5000
LEGEND_WIDTH = 60  # letters, with room for a handle of each


def new_figure(
    rows: int = 1, columns: int = 1, size: tuple[float, float] = (5.2, 3.6)
) -> tuple[Figure, list[Axes]]:
    """A figure and its panels, row by row; ``size`` of each in inches."""
    shape = (size[0] * columns, size[1] * rows)
    figure = Figure(figsize=shape, dpi=DPI, layout='constrained')
    FigureCanvasAgg(figure)
    panels = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for panel in panels:
        panel.spines[['top', 'right']].set_visible(False)
        panel.grid(alpha=0.25)
        panel.set_axisbelow(True)
    return figure, panels


def add_legend(figure: Figure, panel: Axes) -> None:
    """A legend below the panel, where it covers nothing."""
    handles, labels = panel.get_legend_handles_labels()
    longest = max(map(len, labels))
    columns = min(len(labels), max(1, LEGEND_WIDTH // (longest + 5)))
    rows = -(-len(labels) // columns)
    width, height = figure.get_size_inches()
    figure.set_size_inches(width, height + 0.22 * rows)
    figure.legend(
        handles, labels, loc='outside lower center', ncols=columns, fontsize='small'
    )


def plain(text: str) -> str:
    """A name that users chose, which is no formula and stays in legends."""
    text = text.replace('$', r'\$')
    return f' {text}' if text.startswith('_') else text


def to_png(figure: Figure) -> bytes:
    """The figure as the content of a file."""
    stream = io.BytesIO()
    figure.savefig(stream, format='png')
    return stream.getvalue()


def plot_lines(
    lines: Mapping[str, tuple[Any, Any]],
    x_label: str,
    y_label: str,
    *,
    logarithmic: bool = False,
    whole: bool = False,
    with_one: bool = True,
) -> bytes:
    """Named lines in one panel.

    Args:
        lines: places (n,) in x and in y, by name.
        x_label: below.
        y_label: at the side.
        logarithmic: the scale of x.
        whole: whether x has whole numbers only.
        with_one: whether y goes from 0 to 1.
    """
    figure, (panel,) = new_figure()
    for i, (name, (x, y)) in enumerate(lines.items()):
        marker = '.' if len(x) < 25 else ''
        color = COLORS[i % len(COLORS)]
        panel.plot(x, y, label=plain(name), color=color, marker=marker)
    panel.set(xlabel=x_label, ylabel=y_label)
    if with_one:
        panel.set_ylim(0, 1.02)
    if logarithmic:
        _count_axis(panel)
    if whole:
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
    if len(lines) > 1:
        add_legend(figure, panel)
    return to_png(figure)


def _count_axis(panel: Axes) -> None:
    """A logarithmic axis with plain numbers."""
    panel.set_xscale('log')
    panel.xaxis.set_major_formatter(ScalarFormatter())
    panel.xaxis.set_minor_formatter(NullFormatter())


def plot_bars(bars: Mapping[str, Mapping[str, float]], x_label: str) -> bytes:
    """Bars by name that grow to the right, one colour for each series.

    Args:
        bars: lengths by name, of each series.
        x_label: of the lengths.
    """
    groups = list(dict.fromkeys(name for own in bars.values() for name in own))
    height = 0.6 + 0.38 * len(groups) * max(1, len(bars) / 2)
    figure, (panel,) = new_figure(size=(5.6, height))
    width = 0.8 / max(len(bars), 1)
    for i, (series, own) in enumerate(bars.items()):
        places = np.arange(len(groups)) + width * (i - (len(bars) - 1) / 2)
        lengths = [own.get(name, 0) for name in groups]
        color = COLORS[i % len(COLORS)]
        drawn = panel.barh(places, lengths, width, label=plain(series), color=color)
        panel.bar_label(drawn, fmt='%.3f', padding=3, fontsize='small')
    panel.set_yticks(np.arange(len(groups)), list(map(plain, groups)))
    panel.invert_yaxis()
    panel.margins(x=0.15)
    panel.set_xlabel(x_label)
    if len(bars) > 1:
        add_legend(figure, panel)
    return to_png(figure)


def plot_intervals(differences: Sequence[Any], x_label: str) -> bytes:
    """Differences with their intervals; those that leave out zero are filled.

    Args:
        differences: as ``comparison.compare_figures`` returns them.
        x_label: below.
    """
    figure, (panel,) = new_figure(size=(5, 0.8 + 0.36 * len(differences)))
    for place, (_, _, _, change) in enumerate(differences):
        color = COLORS[0] if change.is_clear else COLORS[7]
        face = color if change.is_clear else 'white'
        panel.plot([change.low, change.high], [place] * 2, color=color, linewidth=2)
        panel.plot(change.value, place, 'o', color=color, markerfacecolor=face)
        panel.annotate(
            f'{change.value:+.3f}',
            (change.value, place),
            textcoords='offset points',
            xytext=(0, 5),
            ha='center',
            fontsize='small',
        )
    panel.axvline(0, color='black', linewidth=0.8)
    panel.set_yticks(range(len(differences)), [plain(d[0]) for d in differences])
    panel.set_ylim(len(differences) - 0.5, -0.8)
    panel.set_xlabel(plain(x_label))
    return to_png(figure)


def plot_small_curves(
    curves: Mapping[str, Mapping[str, np.ndarray]], x: np.ndarray, columns: int = 2
) -> bytes:
    """A small panel for each class: precision against recall.

    Args:
        curves: precision (101,) of each line, by class.
        x: (101,) recalls.
        columns: panels in a row.
    """
    rows = max(1, -(-len(curves) // columns))
    # Many panels of the same shape: finding their layout would take most of the time.
    height = 1.7 * rows + 0.5
    figure = Figure(figsize=(2.1 * columns, height), dpi=DPI)
    FigureCanvasAgg(figure)
    panels = list(
        figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    )
    figure.subplots_adjust(
        left=0.08, right=0.98, bottom=0.6 / height, top=1 - 0.25 / height, hspace=0.28
    )
    for panel in panels[len(curves) :]:
        panel.set_visible(False)
    for panel, (name, lines) in zip(panels, curves.items(), strict=False):
        for i, (label, y) in enumerate(lines.items()):
            panel.plot(x, y, label=label, linewidth=1.2, color=COLORS[i])
        panel.set_title(plain(shorten(name)), fontsize=9, pad=2)
        panel.spines[['top', 'right']].set_visible(False)
        panel.grid(alpha=0.25)
        panel.tick_params(labelsize=8)
    panels[0].set(xlim=(0, 1), ylim=(0, 1.02), xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='lower center', ncols=3, fontsize=8)
    return to_png(figure)


def shorten(name: str, most: int = 26) -> str:
    """A name that fits above a small panel."""
    return name if len(name) <= most else f'{name[: most - 1]}…'


def plot_filled_curves(curves: Mapping[str, np.ndarray], x: np.ndarray) -> bytes:
    """COCO's error analysis: each curve lies above the one before.

    Args:
        curves: precision (101,) by the name for the legend, rising.
        x: (101,) recalls.
    """
    figure, (panel,) = new_figure(size=(5.6, 4.0))
    below = np.zeros(len(x))
    shades = (
        '#ffffff',
        '#d9d9d9',
        '#56B4E9',
        '#CC79A7',
        '#E69F00',
        '#999999',
        '#D55E00',
    )
    for shade, (name, y) in zip(shades, curves.items(), strict=True):
        panel.fill_between(x, below, y, color=shade, label=name, linewidth=0)
        panel.plot(x, y, color='black', linewidth=0.6)
        below = y
    panel.set(xlabel='recall', ylabel='precision', xlim=(0, 1), ylim=(0, 1))
    add_legend(figure, panel)
    return to_png(figure)


def plot_shares(
    rows: Sequence[dict], x: str, kinds: Sequence[str], x_label: str
) -> bytes:
    """Shares of kinds, stacked to one, against a number that doubles.

    Args:
        rows: with the number ``x`` and a share for each kind.
        x: key of the number.
        kinds: keys of the shares.
        x_label: below.
    """
    figure, (panel,) = new_figure()
    places = [row[x] for row in rows]
    shares = [[row[kind] for row in rows] for kind in kinds]
    panel.stackplot(places, shares, labels=kinds, colors=COLORS[: len(kinds)])
    panel.set(xlabel=x_label, ylabel='share', ylim=(0, 1))
    if len(places) > 1:
        _count_axis(panel)
        panel.set_xlim(places[0], places[-1])
    add_legend(figure, panel)
    return to_png(figure)


def plot_matrix(
    matrix: np.ndarray, rows: Sequence[str], columns: Sequence[str]
) -> bytes:
    """A confusion matrix, coloured by the share of each row, with its counts.

    Args:
        matrix: (K + 1, K + 1) counts.
        rows: K + 1 names.
        columns: K + 1 names.
    """
    shares = matrix / np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    side = min(max(3.6, 0.42 * len(matrix) + 1.4), 14)
    figure, (panel,) = new_figure(size=(side + 0.8, side))
    picture = panel.imshow(shares, cmap='Blues', vmin=0, vmax=1)
    fontsize = 'small' if len(matrix) < 15 else max(2.5, 110 / len(matrix))
    rows, columns = list(map(plain, rows)), list(map(plain, columns))
    panel.set_xticks(range(len(columns)), columns, rotation=90, fontsize=fontsize)
    panel.set_yticks(range(len(rows)), rows, fontsize=fontsize)
    panel.set(xlabel='detected', ylabel='true')
    panel.grid(False)
    if len(matrix) < 25:
        for (i, j), count in np.ndenumerate(matrix):
            color = 'white' if shares[i, j] > 0.5 else 'black'
            text = str(count) if count else ''
            panel.text(j, i, text, ha='center', va='center', fontsize=7, color=color)
    figure.colorbar(picture, ax=panel, shrink=0.7, label='share of the row')
    return to_png(figure)


def plot_reliability(rows: Sequence[dict], error: float) -> bytes:
    """Precision against score, and how many detections there are.

    Args:
        rows: as ``calibration.reliability_rows`` returns them.
        error: the expected calibration error.
    """
    figure, (above, below) = new_figure(2, 1, (5.2, 2.9))
    width = rows[0]['high'] - rows[0]['low']
    places = [row['low'] + width / 2 for row in rows]
    heights = np.nan_to_num([row['precision'] for row in rows])
    above.bar(places, heights, 0.92 * width, color=COLORS[0])
    above.plot([0, 1], [0, 1], color='black', linestyle='--', linewidth=1)
    above.set(xlabel='score', ylabel='precision', xlim=(0, 1), ylim=(0, 1))
    above.set_title(f'calibration error {error:.3f}', fontsize='small')
    below.bar(places, [row['count'] for row in rows], 0.92 * width, color=COLORS[7])
    below.set(xlabel='score', ylabel='detections', xlim=(0, 1))
    below.set_yscale('symlog', linthresh=10)
    return to_png(figure)


def plot_scatter(
    score: np.ndarray, iou: np.ndarray, correct: np.ndarray, title: str
) -> bytes:
    """IoU against score of single detections, right ones and wrong ones.

    Args:
        score: (n,) in [0, 1].
        iou: (n,) in [0, 1].
        correct: (n,) bool.
        title: above.
    """
    figure, (panel,) = new_figure(size=(4.6, 3.8))
    step = max(1, len(score) // MAX_POINTS)
    for chosen, name, color in (
        (~correct, 'false positives', COLORS[3]),
        (correct, 'true positives', COLORS[0]),
    ):
        x, y = score[chosen][::step], iou[chosen][::step]
        panel.scatter(x, y, s=7, alpha=0.4, label=name, color=color, linewidths=0)
    panel.set(xlabel='score', ylabel='IoU', xlim=(0, 1.02), ylim=(0, 1.02))
    panel.set_title(title, fontsize='small')
    add_legend(figure, panel)
    return to_png(figure)
