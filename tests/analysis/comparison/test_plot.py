import cv2
import numpy as np

from mmdet_plus.analysis.bootstrap import Interval
from mmdet_plus.analysis.comparison.measurements import Outcome
from mmdet_plus.analysis.comparison.plan import Claim
from mmdet_plus.analysis.comparison.plot import plot_outcomes

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
