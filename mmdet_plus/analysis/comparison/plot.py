"""Pictures of a comparison: its differences, and what AP costs."""

import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from ...whole_files import written_whole
from .measurements import Outcome, Results
from .page import figure_name
from .plan import Plan

SEEDS, IMAGES = 'tab:blue', 'tab:orange'


def plot_outcomes(outcomes: Sequence[Outcome], path: Path) -> None:
    """Draw the differences with both intervals; zero is a line.

    Args:
        outcomes: of claims that were measured.
        path: of the picture.
    """
    height = 1 + 0.55 * len(outcomes)
    figure, axes = plt.subplots(figsize=(9, height), layout='constrained')
    for row, outcome in enumerate(reversed(outcomes)):
        for shift, interval, colour in (
            (0.12, outcome.over_seeds, SEEDS),
            (-0.12, outcome.over_images, IMAGES),
        ):
            axes.plot([interval.low, interval.high], [row + shift] * 2, color=colour)
            axes.plot(interval.value, row + shift, 'o', color=colour)
    axes.axvline(0, color='grey', linewidth=0.8)
    names = [
        f'{o.claim.better} - {o.claim.than}: {figure_name(o.claim)}'
        for o in reversed(outcomes)
    ]
    axes.set_yticks(range(len(names)), names, fontsize='small')
    axes.set_xlabel('difference; 95 % over seeds (blue) and over images (orange)')
    with written_whole(path) as part:
        figure.savefig(part, dpi=100, metadata={'Software': None})
    plt.close(figure)


def plot_prices(
    plan: Plan, results: Results, times: Mapping[str, float], path: Path
) -> None:
    """Draw box AP against time; variants of the same weights are joined by lines.

    Args:
        plan: whose runs.
        results: figures of the runs that are done.
        times: milliseconds for an image, by name of the run.
        path: of the picture.
    """
    points = {}
    for name in plan.runs:
        found = [results.get((name, seed, 'bbox')) for seed in plan.seeds]
        values = [float(own.plain['AP'][0]) for own in found if own]
        if values and name in times:
            points[name] = times[name], statistics.mean(values)
    figure, axes = plt.subplots(figsize=(11, 7), layout='constrained')
    for number, (name, (x, y)) in enumerate(points.items(), start=1):
        source = plan.runs[name].weights_of
        if source and source.name in points:
            start = points[source.name]
            axes.plot([start[0], x], [start[1], y], color='0.8', zorder=1)
        axes.plot(x, y, 'o', color=f'C{number % 10}', label=f'{number} {name}')
        axes.annotate(str(number), (x, y), (4, 4), textcoords='offset points')
    axes.set_xscale('log')
    axes.set_xlabel('milliseconds for an image')
    axes.set_ylabel('AP, mean of the seeds')
    axes.legend(fontsize='small', loc='center left', bbox_to_anchor=(1, 0.5))
    with written_whole(path) as part:
        figure.savefig(part, dpi=100, metadata={'Software': None})
    plt.close(figure)
