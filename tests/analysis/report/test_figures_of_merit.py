import numpy as np
import pytest
from samples.detections import copied, random_data
from samples.five_images import five_images

from mmdet_plus.analysis.false_positives.judging import hypothetical_ap
from mmdet_plus.analysis.report.error_analysis import error_rows
from mmdet_plus.analysis.report.figures_of_merit import class_of, figures
from mmdet_plus.analysis.report.hard_false_positives import judge_detections

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


def test_forgiven_errors_are_those_of_the_page(make_evaluation):
    crowded = make_evaluation(*random_data())
    plain = figures(crowded, np.ones((crowded.truth.num_images, 1), np.int32))
    row = error_rows(crowded)[0]
    for step in ('Loc', 'Sim', 'Oth', 'BG'):
        assert plain[f'error analysis: {step}'] == pytest.approx(row[step])
    judged, counts = judge_detections(crowded), crowded.truth.counts
    without = hypothetical_ap(judged, counts, 0.3)
    assert plain['AP50 without FP above 0.3'] == pytest.approx(without)
    assert without != pytest.approx(hypothetical_ap(judged, counts, 0.2))


@pytest.mark.parametrize('seed', [1, 2])
def test_figures_of_crowded_images_on_a_draw(make_evaluation, seed):
    data = random_data(seed, num_images=8)
    draw = (2, 0, 1, 3, 0, 1, 1, 0)
    drawn = figures(make_evaluation(*data), np.array(draw, np.int32)[:, None])
    copies = make_evaluation(*copied(*data, draw))
    expected = figures(copies, np.ones((sum(draw), 1), np.int32))
    for name in drawn:
        if not name.startswith((*OF_ALL_IMAGES, 'AP50 by occluded')):
            close = pytest.approx(expected[name], abs=1e-9, nan_ok=True)
            assert drawn[name] == close, name


def test_figures_of_single_classes_are_told_apart():
    assert class_of('AP75 of cat of Ross') == ('AP75', 'cat of Ross')
    for figure in ('AP', 'AR@100', 'cost of missed', 'Pearson of score and IoU'):
        assert class_of(figure) is None
