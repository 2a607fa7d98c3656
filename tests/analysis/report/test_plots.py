from itertools import pairwise

import cv2
import matplotlib.figure
import numpy as np
import pytest

from mmdet_plus.analysis.bootstrap import Interval
from mmdet_plus.analysis.report import plots


@pytest.fixture
def drawn(monkeypatch):
    """The figures that are drawn."""
    figures = []
    to_png = plots.to_png

    def keep(figure):
        figures.append(figure)
        return to_png(figure)

    monkeypatch.setattr(plots, 'to_png', keep)
    return figures


def size_of(content):
    height, width, _ = cv2.imdecode(np.frombuffer(content, np.uint8), 1).shape
    return width, height


def test_panels_of_classes_can_be_read_on_a_telephone(drawn):
    x = np.linspace(0, 1, 101)
    curves = {f'class {i}': {'IoU .50': 1 - x, 'IoU .75': x} for i in range(7)}
    width, _ = size_of(plots.plot_small_curves(curves, x))
    assert width <= 420
    (figure,) = drawn
    shown = [panel for panel in figure.axes if panel.get_visible()]
    assert [panel.get_title() for panel in shown] == list(curves)
    assert min(panel.title.get_fontsize() for panel in shown) >= 9
    ticks = [label for panel in shown for label in panel.get_xticklabels()]
    assert min(label.get_fontsize() for label in ticks) >= 8


def test_long_names_are_shortened():
    assert plots.shorten('a' * 26) == 'a' * 26
    assert plots.shorten('a' * 27) == 'a' * 25 + '…'


@pytest.mark.parametrize('names', ['abc', ['a long name of a detector, IoU .50', 'b']])
def test_legends_cover_no_lines(drawn, names):
    lines = {name: ([0, 1], [0, 1]) for name in names}
    plots.plot_lines(lines, 'x', 'y')
    (figure,) = drawn
    (legend,), (panel,) = figure.legends, figure.axes
    low = panel.get_tightbbox()
    assert legend.get_window_extent().y1 <= low.y0
    width = figure.get_size_inches()[0] * figure.dpi
    assert legend.get_window_extent().width <= width


def test_names_of_bars_do_not_meet(drawn):
    names = ['classification', 'localisation', 'both', 'duplicate', 'background']
    plots.plot_bars({'a': dict.fromkeys(names, 0.1), 'b': {}}, 'AP50')
    (figure,) = drawn
    boxes = [t.get_window_extent() for t in figure.axes[0].get_yticklabels()]
    boxes.sort(key=lambda box: box.y0)
    assert all(one.y1 < two.y0 for one, two in pairwise(boxes))


def test_axes_of_whole_numbers(drawn):
    lines = {'AP': ([1, 2, 3], [0.1, 0.2, 0.3])}
    plots.plot_lines(lines, 'stage', 'AP', whole=True)
    (figure,) = drawn
    assert isinstance(figure, matplotlib.figure.Figure)
    low, high = figure.axes[0].get_xlim()
    ticks = [t for t in figure.axes[0].get_xticks() if low <= t <= high]
    assert ticks == [1, 2, 3]


def test_names_are_no_formulas_and_stay_in_legends(drawn):
    names = ['_$x_$', 'US$', '$5']
    line = np.arange(2), np.arange(2)
    plots.plot_lines(dict.fromkeys(names, line), 'x', 'y')
    plots.plot_bars({name: {'$x_$': 0.5} for name in names}, 'AP')
    for figure in drawn:
        (legend,) = figure.legends
        labels = [text.get_text() for text in legend.get_texts()]
        assert labels == [r' _\$x_\$', r'US\$', r'\$5']
    change = Interval(0.1, 0.0, 0.2)
    plots.plot_intervals([('$x_$', 0.1, 0.2, change)], '$x_$ minus a')
    curve = np.ones(101)
    plots.plot_small_curves({'$x_$': {'.50': curve}}, curve)
    plots.plot_matrix(np.eye(3), names, names)
    ticks = drawn[-1].axes[0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == labels
