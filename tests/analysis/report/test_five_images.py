"""The numbers of the report on five images by hand: ``samples/five_images.py``."""

import numpy as np
import pytest
from samples.five_images import five_images

from mmdet_plus.analysis.bootstrap import draw_images
from mmdet_plus.analysis.report.average_precision import class_ap, summarize
from mmdet_plus.analysis.report.calibration import (
    calibration_error,
    pearson,
    reliability_rows,
    score_and_iou,
)
from mmdet_plus.analysis.report.comparison import (
    compare_figures,
    compare_objects,
    found_objects,
    image_rows,
    verdict,
)
from mmdet_plus.analysis.report.confusion import confused_pairs, confusion
from mmdet_plus.analysis.report.error_analysis import error_rows
from mmdet_plus.analysis.report.error_budget import error_budget, judge
from mmdet_plus.analysis.report.false_positive_types import (
    false_positive_types,
    types_by_rank,
)
from mmdet_plus.analysis.report.figures_of_merit import figures
from mmdet_plus.analysis.report.hard_false_positives import (
    hypothetical_rows,
    judge_detections,
)
from mmdet_plus.analysis.report.operating_points import best_points, operating_points
from mmdet_plus.analysis.report.recall import detection_recall
from mmdet_plus.analysis.report.sensitivity import sensitivity_rows

# Cats: right, wrong, wrong; one of three found: recalls 0 to .33 at precision 1.
CAT = 34 / 101
# Dogs: right, wrong, wrong; one of two found: recalls 0 to .50 at precision 1.
DOG = 51 / 101


def by_key(rows, key):
    return {row[key]: row for row in rows}


def test_average_precision(five):
    values = class_ap(five.curves)
    np.testing.assert_allclose(values['AP50'], [CAT, DOG], rtol=1e-12)
    numbers = summarize(five.curves)
    # What is found has an IoU of 1: all thresholds are alike; all objects are small.
    for name in ('AP', 'AP50', 'AP75', 'APs'):
        assert numbers[name] == pytest.approx((CAT + DOG) / 2, rel=1e-12)
    for name in ('AR@1', 'AR@10', 'AR@100', 'ARs'):
        assert numbers[name] == pytest.approx((1 / 3 + 1 / 2) / 2)
    assert np.isnan([numbers['APm'], numbers['APl'], numbers['ARm']]).all()


def test_error_budget(five):
    rows = by_key(error_budget(five, judge(five)), 'error')
    counts = {name: row['count'] for name, row in rows.items()}
    assert counts == {
        'classification': 1,
        'localisation': 1,
        'both': 0,
        'duplicate': 1,
        'background': 1,
        'missed': 1,
        'false positives': 4,
        'false negatives': 3,
    }
    # The cat at D becomes a dog: dogs .7 right, .6 wrong, .5 right: 1, then 2/3.
    classification = (CAT + (51 + 50 * 2 / 3) / 101) / 2
    # The cat at B becomes right: 2 of 3 cats at precision 1.
    localisation = (67 / 101 + DOG) / 2
    # E is no object any more: 1 of 2 cats is found.
    missed = (51 / 101 + DOG) / 2
    # Nothing but what is right: 1 of 1 cats, 1 of 1 dogs.
    expected = dict(classification=classification, localisation=localisation)
    expected |= dict(both=(CAT + DOG) / 2, duplicate=(CAT + DOG) / 2)
    expected |= dict(background=(CAT + DOG) / 2, missed=missed)
    expected |= {'false positives': (CAT + DOG) / 2, 'false negatives': 1}
    for name, ap in expected.items():
        assert rows[name]['ap'] == pytest.approx(ap, rel=1e-12), name
        assert rows[name]['gain'] == pytest.approx(ap - (CAT + DOG) / 2, abs=1e-12)


def test_error_analysis(five):
    rows = by_key(error_rows(five), 'name')
    # At an overlap of 0.1 the cat at B is right; the dog at E is on the background.
    cat = dict(C75=CAT, C50=CAT, Loc=67 / 101, Sim=67 / 101, Oth=67 / 101)
    cat |= dict(BG=67 / 101, FN=1)
    dog = dict(C75=DOG, C50=DOG, Loc=DOG, Sim=DOG, Oth=DOG, BG=DOG, FN=1)
    for name, own in (('cat', cat), ('dog', dog)):
        for step, value in own.items():
            assert rows[name][step] == pytest.approx(value, rel=1e-12), (name, step)
    for step, value in rows['all'].items():
        if step != 'name':
            assert value == pytest.approx((cat[step] + dog[step]) / 2)


def test_false_positive_types(five):
    types = false_positive_types(five)
    # Right, beside its class, right, duplicate, on a similar class, on nothing.
    assert types.tolist() == [-1, 0, -1, 0, 1, 3]
    rows = types_by_rank(five, types)
    assert [row['rank'] for row in rows] == [1, 2, 4]
    assert rows[0] == dict(rank=1, Loc=1, Sim=0, Oth=0, BG=0)
    assert rows[2] == dict(rank=4, Loc=0.5, Sim=0.25, Oth=0, BG=0.25)


def test_confusion(five):
    found = confusion(five, 0.45)
    # Cats: A found, B and E missed; dogs: C found, D taken for a cat. On no object:
    # the loose cat, the second dog.
    assert found.matrix.tolist() == [[1, 0, 2], [1, 1, 0], [1, 1, 0]]
    pairs = confused_pairs(found.matrix, five.truth.class_names)
    assert pairs == [dict(true='dog', detected='cat', count=1, share=0.5)]
    # From 0.55 on nothing lies on D.
    matrix = confusion(five, 0.55).matrix
    assert matrix.tolist() == [[1, 0, 2], [0, 1, 1], [1, 1, 0]]


def test_operating_points(five):
    best = by_key(best_points(five), 'name')
    # All: .9 gives 2 / (1 + 5), .7 gives 4 / (3 + 5), .4 gives 4 / (6 + 5).
    expected = dict(name='all', threshold=0.7, correct=2, wrong=1, missed=3)
    assert best['all'] == dict(expected, precision=2 / 3, recall=0.4, f1=0.5)
    assert (best['cat']['threshold'], best['cat']['f1']) == (0.9, 0.5)
    assert (best['dog']['threshold'], best['dog']['f1']) == (0.7, pytest.approx(2 / 3))
    points = by_key(operating_points(five), 'threshold')
    assert (points[0.5]['correct'], points[0.5]['wrong']) == (2, 3)
    assert points[0.5]['precision'] == pytest.approx(0.4)
    assert np.isnan(points[0.95]['precision'])
    assert points[0.95]['recall'] == 0


def test_calibration(five):
    scores, correct = five.found.scores, five.correct
    rows = reliability_rows(scores, correct)
    assert [row['count'] for row in rows] == [0, 0, 0, 0, 1, 1, 1, 1, 1, 1]
    # Right ones are .1 and .3 too low, wrong ones .8, .6, .5, .4 too high.
    assert calibration_error(rows) == pytest.approx(2.7 / 6)
    touching = score_and_iou(five)
    assert touching['score'].tolist() == [0.9, 0.8, 0.7, 0.6]
    np.testing.assert_allclose(touching['iou'], [1, 6 / 14, 1, 9 / 11])
    x = np.array([0.15, 0.05, -0.05, -0.15])
    y = np.array([1, 6 / 14, 1, 9 / 11])
    y = y - y.mean()
    expected = (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())
    assert pearson(touching['score'], touching['iou']) == pytest.approx(expected)


def test_recall(five):
    rows = by_key(detection_recall(five), 'boxes')
    assert rows[1] == dict(boxes=1, AR=0.4, R50=0.4, R75=0.4)
    assert rows[100] == dict(boxes=100, AR=0.4, R50=0.4, R75=0.4)


def test_sensitivity(five):
    rows = {(r['characteristic'], r['level']): r for r in sensitivity_rows(five)}
    # Occluded are B, which is not found, and D, which is not found.
    assert rows['occluded', 'yes']['ap'] == 0
    assert rows['occluded', 'yes']['objects'] == 2
    # The others: A and E of the cats, one found at once; C of the dogs, all found.
    assert rows['occluded', 'no']['ap'] == pytest.approx((51 / 101 + 1) / 2)
    # All: no false positive comes before what is right.
    assert rows['occluded', 'no']['overall'] == pytest.approx((CAT + DOG) / 2)
    assert ('truncated', 'yes') not in rows


def test_hard_false_positives(five):
    judged = judge_detections(five)
    # Duplicate 0, confusion 1, localisation 2, background 3.
    assert judged.kinds.tolist() == [-1, 2, -1, 0, 1, 3]
    rows = by_key(hypothetical_rows(judged, five.truth.counts), 'score')
    # All false positives come after what is right: they cost nothing.
    assert rows[0.0]['ap50'] == rows[1.0]['ap50'] == pytest.approx((CAT + DOG) / 2)


def test_figures_are_those_of_the_page(five):
    plain = figures(five, np.ones((5, 1), np.int32))
    values = {name: float(value[0]) for name, value in plain.items()}
    assert values['AP'] == pytest.approx((CAT + DOG) / 2)
    assert values['AP of dog'] == pytest.approx(DOG)
    assert values['AR@100'] == pytest.approx((1 / 3 + 1 / 2) / 2)
    gain = ((51 + 50 * 2 / 3) / 101 - DOG) / 2
    assert values['cost of classification'] == pytest.approx(gain)
    assert values['cost of missed'] == pytest.approx((51 - 34) / 202)
    assert values['calibration error'] == pytest.approx(2.7 / 6)
    assert values['precision at best F1'] == pytest.approx(2 / 3)
    assert values['recall at best F1'] == pytest.approx(0.4)
    assert values['best F1'] == pytest.approx(0.5)
    # Images 1, 1, 3, 3 and 4: two cats, both found, three dogs, two found.
    draw = np.array([[2], [0], [2], [1], [0]], np.int32)
    redrawn = {name: float(value[0]) for name, value in figures(five, draw).items()}
    assert redrawn['AP of cat'] == pytest.approx(1)
    # Dogs by score: right, right, wrong, wrong.
    assert redrawn['AP of dog'] == pytest.approx(67 / 101)
    assert redrawn['recall at best F1'] == pytest.approx(4 / 5)
    # Right ones twice .1 and .3 too low, wrong ones twice .6 and once .5 too high.
    assert redrawn['calibration error'] == pytest.approx((0.2 + 0.6 + 1.2 + 0.5) / 7)


def test_comparison(five, make_evaluation):
    content, results = five_images()
    better = [r for r in results if r['image_id'] != 3]
    # Finds B in place of the loose box, and not C.
    better[1] = dict(better[1], bbox=[0, 0, 10, 10])
    other = make_evaluation(content, better)
    ((ap, *rest),) = compare_figures(five, [other], 200, seed=0)
    assert ap.figure == 'AP'
    assert ap.first == pytest.approx((CAT + DOG) / 2)
    assert ap.second == pytest.approx(67 / 202)
    assert ap.change.value == pytest.approx(ap.second - ap.first)
    draws = draw_images(5, 200, seed=0)
    changes = figures(other, draws)['AP'] - figures(five, draws)['AP']
    assert ap.change.low == pytest.approx(np.nanquantile(changes, 0.025))
    assert ap.change.high == pytest.approx(np.nanquantile(changes, 0.975))
    assert {d.figure for d in rest} >= {'AP50', 'AP of cat', 'cost of missed'}
    first, second = found_objects(five), found_objects(other)
    assert first.tolist() == [True, False, True, False, False]
    assert second.tolist() == [True, True, False, False, False]
    table = compare_objects(first, second, np.ones(5, bool))
    assert table == (1, 1, 1, 2, 1.0)
    # Of six unequal objects one detector has all: 2 / 2 ** 6.
    table = compare_objects(np.ones(6, bool), np.zeros(6, bool), np.ones(6, bool))
    assert table.p_value == pytest.approx(2 / 64)
    rows = image_rows(five, first, second)
    assert rows == [
        dict(image='2.png', only_first=0, only_second=1),
        dict(image='3.png', only_first=1, only_second=0),
    ]
    assert 'differ by' in verdict(('a', 'b'), ap.change, 200)
    sure = ap.change._replace(low=-0.2, high=-0.1)
    assert 'b is worse than a by' in verdict(('a', 'b'), sure, 200)
