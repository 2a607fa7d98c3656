import numpy as np
import pytest
from samples.detections import copied
from samples.five_images import five_images

from mmdet_plus.analysis.report.figures_of_merit import class_of, figures

# Thresholds and levels are those of all images, whatever is drawn.
OF_ALL_IMAGES = ('precision at', 'recall at', 'best F1', 'AP50 by size', 'AP50 by asp')


# In the first, all cats that are left are missed, and a cat is found elsewhere.
@pytest.mark.parametrize(
    'draw',
    [
        (0, 0, 0, 3, 2),
        (0, 0, 2, 2, 1),
        (2, 1, 1, 0, 1),
        (1, 1, 1, 1, 1),
        (0, 2, 1, 1, 1),
    ],
)
def test_figures_on_a_draw_are_those_of_copied_images(make_evaluation, five, draw):
    copy = make_evaluation(*copied(*five_images(), draw))
    on_copies = figures(copy, np.ones((sum(draw), 1), np.int32))
    on_draw = figures(five, np.array(draw, np.int32)[:, None])
    assert on_copies.keys() == on_draw.keys()
    for name in on_draw:
        if not name.startswith(OF_ALL_IMAGES):
            expected = pytest.approx(on_copies[name], abs=1e-9, nan_ok=True)
            assert on_draw[name] == expected, name


def test_figures_of_single_classes_are_told_apart():
    assert class_of('AP75 of cat of Ross') == ('AP75', 'cat of Ross')
    for figure in ('AP', 'AR@100', 'cost of missed', 'Pearson of score and IoU'):
        assert class_of(figure) is None
