from pathlib import Path

import cv2
import numpy as np

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


def test_ap_rises_upwards_and_time_to_the_right(tmp_path):
    source = Run('one', Path('one.py'))
    runs = {'one': source, 'two': Run('two', Path('one.py'), weights_of=source)}
    runs['untimed'] = Run('untimed', Path('one.py'))
    plan = Plan('Times', '', (0, 1), runs, ())
    results = {
        (name, seed, 'bbox'): Measured({'AP': np.array([value + 0.1 * seed])}, {})
        for name, value in (('one', 0.2), ('two', 0.6), ('untimed', 0.9))
        for seed in (0, 1)
    }
    plot_prices(plan, results, dict(one=5.0, two=50.0), tmp_path / 'a.png')
    picture = cv2.imread(str(tmp_path / 'a.png')).astype(int)
    found = [
        np.argwhere((abs(picture[:, :1020] - colour) < 3).all(2)).mean(0)
        for colour in (ORANGE, (44, 160, 44))
    ]
    assert found[0][0] > found[1][0] + 100
    assert found[0][1] < found[1][1] - 100
    assert not (abs(picture - (40, 39, 214)) < 3).all(2).any()  # a third colour
