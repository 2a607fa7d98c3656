"""Pictures of the false positives of detectors, after DCR, Fig. 1."""

from collections.abc import Sequence
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from mmdet_plus.analysis.false_positives.judging import KINDS

from ...whole_files import written_whole


def plot_intervals(rows: dict[str, Sequence[dict]], out_file: Path) -> None:
    """Stacked bars of the false positives in score intervals, one for each detector.

    Args:
        rows: as ``count_by_interval`` returns them, by name of the detector.
        out_file: picture to write; its ending names the format.
    """
    figure = Figure(figsize=(9, 4), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    width = 0.8 / len(rows)
    hatches = ('', '//', '..', 'xx')
    for i, (name, own) in enumerate(rows.items()):
        places = [place + i * width for place in range(len(own))]
        bottom = [0] * len(own)
        for k, kind in enumerate(KINDS):
            heights = [row[kind] for row in own]
            axes.bar(
                places,
                heights,
                width=0.9 * width,
                bottom=bottom,
                color=f'C{k}',
                hatch=hatches[i % len(hatches)],
                label=f'{name}: {kind}',
            )
            bottom = [sum(pair) for pair in zip(bottom, heights, strict=True)]
    first = next(iter(rows.values()))
    labels = [f'{row["score_low"]:g}-{row["score_high"]:g}' for row in first]
    axes.set_xticks([i + 0.4 - width / 2 for i in range(len(first))], labels)
    # Low scores have a hundred times as many.
    axes.set_yscale('symlog', linthresh=10)
    axes.set(xlabel='score', ylabel='false positives')
    axes.grid(axis='y', alpha=0.3)
    axes.legend(fontsize='x-small', ncols=len(rows))
    with written_whole(out_file) as part:
        figure.savefig(part, dpi=120)


def plot_hypothetical_ap(rows: dict[str, Sequence[dict]], out_file: Path) -> None:
    """Lines of the AP without the false positives above each threshold.

    Args:
        rows: with ``score_thr`` and ``ap50``, by name of the detector.
        out_file: picture to write.
    """
    figure = Figure(figsize=(5, 4), layout='constrained')
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for name, own in rows.items():
        axes.plot(
            [row['score_thr'] for row in own],
            [row['ap50'] for row in own],
            marker='.',
            label=name,
        )
    axes.set(
        xlabel='false positives with scores above this are removed', ylabel='mean AP'
    )
    axes.grid(alpha=0.3)
    axes.legend(fontsize='small')
    with written_whole(out_file) as part:
        figure.savefig(part, dpi=120)
