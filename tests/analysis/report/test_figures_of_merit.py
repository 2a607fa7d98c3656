import numpy as np
import pytest
from samples.detections import copied
from samples.five_images import five_images

from mmdet_plus.analysis.report.figures_of_merit import (
    COST_PREFIX,
    figures,
    main_figures,
)

COSTS = [
    f'{COST_PREFIX}{error}'
    for error in ('classification', 'localisation', 'duplicate', 'background', 'missed')
]


# In the first, all cats that are left are missed, and a cat is found elsewhere.
@pytest.mark.parametrize(
    'draw', [(0, 0, 2, 2, 1), (2, 1, 1, 0, 1), (1, 1, 1, 1, 1), (0, 2, 1, 1, 1)]
)
def test_costs_on_a_draw_are_those_of_copied_images(make_evaluation, five, draw):
    copy = make_evaluation(*copied(*five_images(), draw))
    on_copies = figures(copy, np.ones((sum(draw), 1), np.int32))
    on_draw = figures(five, np.array(draw, np.int32)[:, None])
    for name in COSTS:
        assert on_draw[name] == pytest.approx(on_copies[name], abs=1e-9, nan_ok=True)


def test_figures_of_single_classes_are_told_apart():
    assert main_figures(['AP', 'AP of cat', 'AR@100']) == ['AP', 'AR@100']
