"""A picture of the differences of a comparison."""

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt

from ...whole_files import written_whole
from .measurements import Outcome
from .page import figure_name

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
