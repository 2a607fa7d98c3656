from pathlib import Path

import cv2
import matplotlib.pyplot as plt
import numpy as np
import pytest

from mmdet_plus.analysis.bootstrap import Interval
from mmdet_plus.analysis.comparison.measurements import Measured, Outcome
from mmdet_plus.analysis.comparison.plan import Claim, Plan, Run
from mmdet_plus.analysis.comparison.plot import plot_outcomes, plot_prices

CLAIM = Claim('Two is better', 'Table 1', 'two', 'one')
# BGR of matplotlib's blue and orange.
BLUE, ORANGE = (180, 119, 31), (14, 127, 255)


def test_both_intervals_are_drawn_where_they_are(tmp_path):
    seeds, images = Interval(0.1, 0.0, 0.2), Interval(0.1, 0.09, 0.11)
    plot_outcomes([Outcome(CLAIM, [0, 1], 2, seeds, images)], tmp_path / 'a.png')
    picture = cv2.imread(str(tmp_path / 'a.png'))
    columns = [
        np.flatnonzero((abs(picture.astype(int) - colour) < 3).all(2).any(0))
        for colour in (BLUE, ORANGE)
    ]
    widths = [own.max() - own.min() for own in columns]
    assert widths[0] > 5 * widths[1] > 0
    assert abs(columns[0].mean() - columns[1].mean()) < 5


def test_points_are_ap_and_time_of_runs_that_have_both(tmp_path, monkeypatch):
    source = Run('one', Path('one.py'))
    runs = {'one': source, 'two': Run('two', Path('one.py'), weights_of=source)}
    runs['untimed'] = Run('untimed', Path('one.py'))
    plan = Plan('Times', '', (0, 1), runs, ())
    results = {
        (name, seed, 'bbox'): Measured({'AP': np.array([value + 0.1 * seed])}, {})
        for name, value in (('one', 0.2), ('two', 0.6), ('untimed', 0.9))
        for seed in (0, 1)
    }
    monkeypatch.setattr(plt, 'close', lambda figure: None)
    plot_prices(plan, results, dict(one=5.0, two=50.0), tmp_path / 'a.png')
    (axes,) = plt.gcf().axes
    points = {
        line.get_label(): (*line.get_xdata(), *line.get_ydata())
        for line in axes.lines
        if line.get_marker() == 'o'
    }
    assert points == {
        '1 one': (5.0, pytest.approx(0.25)),
        '2 two': (50.0, pytest.approx(0.65)),
    }
    (joined,) = [line for line in axes.lines if line.get_marker() != 'o']
    assert sorted(joined.get_xdata()) == [5.0, 50.0]
    assert cv2.imread(str(tmp_path / 'a.png')) is not None
    monkeypatch.undo()
    plt.close('all')
