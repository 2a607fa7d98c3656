"""The numbers of the report on five images by hand: ``samples/five_images.py``."""

import numpy as np
import pytest
from samples.five_images import five_images

from mmdet_plus.analysis.bootstrap import draw_images
from mmdet_plus.analysis.report.average_precision import class_ap, summarize
from mmdet_plus.analysis.report.calibration import (
    calibration_error,
    calibration_parts,
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

# Cats by score: right, wrong, wrong, wrong, right; two of four are found: recalls 0 to
# .25 at precision 1, to .50 at 2/5.
CAT = (26 + 25 * 2 / 5) / 101
# Dogs: right, then three wrong; one of two is found: recalls 0 to .50 at precision 1.
DOG = 51 / 101
# Cars: wrong, right; one of two is found, at an IoU of .725: precision 1/2, or nothing
# at the five thresholds from .75 on.
CAR50 = 51 / 2 / 101
CAR = CAR50 / 2
AP50 = (CAT + DOG + CAR50) / 3


def by_key(rows, key):
    return {row[key]: row for row in rows}


def test_average_precision(five):
    values = class_ap(five.curves)
    np.testing.assert_allclose(values['AP50'], [CAT, DOG, CAR50], rtol=1e-12)
    np.testing.assert_allclose(values['AP75'], [CAT, DOG, 0], rtol=1e-12)
    np.testing.assert_allclose(values['AP'], [CAT, DOG, CAR], rtol=1e-12)
    numbers = summarize(five.curves)
    expected = dict(AP=(CAT + DOG + CAR) / 3, AP50=AP50, AP75=(CAT + DOG) / 3)
    # The cat on the car is too large to count among small ones: right, wrong, wrong,
    # right.
    expected |= dict(APs=((26 + 25 / 2) / 101 + DOG) / 2, APm=CAR)
    # The best box of cars is wrong.
    expected |= {'AR@1': (1 / 2 + 1 / 2 + 0) / 3, 'AR@10': (1 / 2 + 1 / 2 + 1 / 4) / 3}
    expected |= {'AR@100': (1 / 2 + 1 / 2 + 1 / 4) / 3, 'ARs': 1 / 2, 'ARm': 1 / 4}
    for name, value in expected.items():
        assert numbers[name] == pytest.approx(value, rel=1e-12), name
    assert np.isnan([numbers['APl'], numbers['ARl']]).all()


def test_error_budget(five):
    rows = by_key(error_budget(five, judge(five)), 'error')
    counts = {name: row['count'] for name, row in rows.items()}
    assert counts == {
        'classification': 2,
        'localisation': 1,
        'both': 0,
        'duplicate': 1,
        'background': 3,
        'missed': 1,
        'false positives': 7,
        'false negatives': 4,
    }
    expected = {
        # The cat at D becomes a dog: dogs .7 right, .6 wrong, .5 right: 1, then 2/3.
        # The cat on G becomes a car: wrong, right, right: 2/3 everywhere. Cats are
        # right, wrong, right.
        'classification': ((26 + 25 * 2 / 3) / 101 + (51 + 50 * 2 / 3) / 101 + 2 / 3)
        / 3,
        # The cat at B becomes right: right, right, wrong, wrong, right.
        'localisation': ((51 + 25 * 3 / 5) / 101 + DOG + CAR50) / 3,
        'both': AP50,
        'duplicate': AP50,
        # Nothing comes before the car that is right.
        'background': (CAT + DOG + 51 / 101) / 3,
        # E is no object any more: recalls to .33 at precision 1, to .66 at 2/5.
        'missed': ((34 + 33 * 2 / 5) / 101 + DOG + CAR50) / 3,
        # What is right comes first.
        'false positives': 51 / 101,
        # Cats: one of two at 1, two at 2/5; the dog at 1; the car at 1/2.
        'false negatives': ((51 + 50 * 2 / 5) / 101 + 1 + 1 / 2) / 3,
    }
    for name, ap in expected.items():
        assert rows[name]['ap'] == pytest.approx(ap, rel=1e-12), name
        assert rows[name]['gain'] == pytest.approx(ap - AP50, abs=1e-12)


def test_error_analysis(five):
    rows = by_key(error_rows(five), 'name')
    # At an overlap of 0.1 the cat at B is right; the cat at D lies on a similar class,
    # the one on G on another.
    cat = dict(C75=CAT, C50=CAT, Loc=(51 + 25 * 3 / 5) / 101)
    cat |= dict(Sim=(51 + 25 * 3 / 4) / 101, Oth=76 / 101, BG=76 / 101, FN=1)
    dog = dict(C75=DOG, C50=DOG, Loc=DOG, Sim=DOG, Oth=DOG, BG=DOG, FN=1)
    car = dict(C75=0, C50=CAR50, Loc=CAR50, Sim=CAR50, Oth=CAR50, BG=51 / 101, FN=1)
    for name, own in (('cat', cat), ('dog', dog), ('car', car)):
        for step, value in own.items():
            assert rows[name][step] == pytest.approx(value, rel=1e-12), (name, step)
    for step, value in rows['all'].items():
        if step != 'name':
            assert value == pytest.approx((cat[step] + dog[step] + car[step]) / 3)


def test_what_lies_nearest(five):
    # The cat on the dog D, a similar class, and the one on the car G, another.
    assert np.flatnonzero(five.nearest.similar_part).tolist() == [8]
    assert np.flatnonzero(five.nearest.other_part).tolist() == [8, 9]
    assert five.nearest.other_iou[[8, 9]].tolist() == [1, 1]


def test_false_positive_types(five):
    types = false_positive_types(five)
    # By image: right; beside its class, on nothing; right, duplicate, right; on
    # nothing, right, on a similar class; on another class, on nothing.
    assert types.tolist() == [-1, 0, 3, -1, 0, -1, 3, -1, 1, 2, 3]
    rows = types_by_rank(five, types)
    assert [row['rank'] for row in rows] == [1, 2, 4, 7]
    assert rows[0] == dict(rank=1, Loc=0, Sim=0, Oth=0, BG=1)
    assert rows[1] == dict(rank=2, Loc=0.5, Sim=0, Oth=0, BG=0.5)
    assert rows[2] == dict(rank=4, Loc=0.5, Sim=0, Oth=0.25, BG=0.25)
    assert rows[3] == dict(rank=7, Loc=2 / 7, Sim=1 / 7, Oth=1 / 7, BG=3 / 7)


def test_confusion(five):
    found = confusion(five, 0.45)
    # A, C and F are found; B, E and H not; D and G are taken for cats. On no object:
    # the loose cat, the second dog, the first car.
    assert found.matrix.tolist() == [
        [1, 0, 0, 3],
        [1, 1, 0, 0],
        [1, 0, 1, 0],
        [1, 1, 1, 0],
    ]
    pairs = confused_pairs(found.matrix, five.truth.class_names)
    assert pairs == [
        dict(true='dog', detected='cat', count=1, share=0.5),
        dict(true='car', detected='cat', count=1, share=0.5),
    ]
    # From 0.55 on nothing lies on D.
    matrix = confusion(five, 0.55).matrix
    assert matrix[1].tolist() == [0, 1, 0, 1]
    # A detection with that very score counts.
    assert (confusion(five, 0.5).matrix == found.matrix).all()


def test_operating_points(five):
    best = by_key(best_points(five), 'name')
    # All, by score: wrong, right, right, wrong, wrong, right and so on. From .85 on
    # 4 / (3 + 8), from .7 on 6 / (6 + 8), all 8 / (11 + 8).
    expected = dict(name='all', threshold=0.7, correct=3, wrong=3, missed=5)
    assert best['all'] == dict(expected, precision=0.5, recall=3 / 8, f1=6 / 14)
    assert (best['cat']['threshold'], best['cat']['f1']) == (0.3, pytest.approx(4 / 9))
    assert (best['dog']['threshold'], best['dog']['f1']) == (0.7, pytest.approx(2 / 3))
    assert (best['car']['threshold'], best['car']['f1']) == (0.85, 0.5)
    points = by_key(operating_points(five), 'threshold')
    assert (points[0.5]['correct'], points[0.5]['wrong']) == (3, 5)
    assert points[0.5]['missed'] == 5
    assert points[0.5]['precision'] == pytest.approx(3 / 8)
    assert np.isnan(points[0.95]['precision'])
    assert points[0.95]['recall'] == 0


# Intervals from .9, .8, .7 and so on down to .3, where one of two is right.
TOO_HIGH = (0.83 + 0.65 + 0.45 + 0.6 + 0.5 + 0.4) / 11
TOO_LOW = 0.35 / 11
TOUCHING = np.array(
    [
        [0.9, 0.8, 0.7, 0.6, 0.3, 0.85],
        [1, 6 / 14, 1, 9 / 11, 1, 29 / 40],
    ]
)
TOUCHING_RIGHT = [True, False, True, False, True, True]


def correlation(x, y):
    x, y = x - x.mean(), y - y.mean()
    return (x * y).sum() / np.sqrt((x**2).sum() * (y**2).sum())


def test_calibration(five):
    scores, correct = five.found.scores, five.correct
    rows = reliability_rows(scores, correct)
    assert [row['count'] for row in rows] == [0, 0, 0, 2, 1, 1, 1, 2, 2, 2]
    assert rows[9]['score'] == pytest.approx(0.915)
    assert rows[9]['precision'] == 0.5
    # The parts do not make up for each other.
    assert calibration_parts(rows) == pytest.approx((TOO_HIGH, TOO_LOW))
    assert calibration_error(rows) == pytest.approx(3.78 / 11)
    touching = score_and_iou(five)
    found = np.array([touching['score'], touching['iou']])
    np.testing.assert_allclose(found, TOUCHING)
    assert touching['correct'].tolist() == TOUCHING_RIGHT
    assert touching['image'].tolist() == [0, 1, 2, 2, 2, 3]
    assert pearson(*found) == pytest.approx(correlation(*TOUCHING))


def test_recall(five):
    rows = by_key(detection_recall(five), 'boxes')
    # A, C and H; the best car is wrong, the next one finds F at five of ten overlaps.
    assert rows[1] == dict(boxes=1, mean=3 / 8, R50=3 / 8, R75=3 / 8)
    for boxes in (2, 100):
        expected = dict(boxes=boxes, mean=3.5 / 8, R50=4 / 8, R75=3 / 8)
        assert rows[boxes] == pytest.approx(expected)


def test_sensitivity(five):
    rows = {(r['characteristic'], r['level']): r for r in sensitivity_rows(five)}
    # Precision is that of 8/3 objects: after three wrong cats, a recall of .5 has 4/3
    # right ones; after a wrong car too.
    cat, car = (26 + 25 * 4 / 13) / 101, 51 * 4 / 7 / 101
    # Of A, E and H two are found: 16/9 right ones.
    cats = (34 + 33 * (16 / 9) / (16 / 9 + 3)) / 101
    expected = {
        ('occluded', 'yes'): (2, 0),
        ('occluded', 'no'): (6, (cats + 1 + car) / 3),
        # Equal cats and dogs are medium, H is larger, of two cars each is something.
        ('size', 'extra small'): (0, None),
        ('size', 'small'): (1, (8 / 3) / (8 / 3 + 1)),
        ('size', 'medium'): (5, (34 / 101 + DOG) / 2),
        ('size', 'large'): (2, ((8 / 3) / (8 / 3 + 3) + 0) / 2),
        ('size', 'extra large'): (0, None),
        ('aspect ratio', 'tall'): (1, 0),
        ('aspect ratio', 'medium'): (6, (cat + DOG) / 2),
        ('aspect ratio', 'wide'): (1, (8 / 3) / (8 / 3 + 1)),
    }
    for key, (objects, ap) in expected.items():
        assert rows[key]['objects'] == objects, key
        assert rows[key]['overall'] == pytest.approx((cat + DOG + car) / 3)
        if ap is None:
            assert np.isnan(rows[key]['ap'])
        else:
            assert rows[key]['ap'] == pytest.approx(ap), key
    assert ('truncated', 'yes') not in rows


def test_hard_false_positives(five):
    judged = judge_detections(five)
    # Duplicate 0, confusion 1, localisation 2, background 3.
    assert judged.kinds.tolist() == [-1, 2, 3, -1, 0, -1, 3, -1, 1, 1, 3]
    rows = by_key(hypothetical_rows(judged, five.truth.counts), 'score')
    assert rows[1.0]['ap50'] == pytest.approx(AP50)
    # Without the car of .93, then without the cats of .8 and .75, then without all.
    assert rows[0.9]['ap50'] == pytest.approx((CAT + DOG + 51 / 101) / 3)
    cats = (26 + 25 * 2 / 3) / 101
    assert rows[0.7]['ap50'] == pytest.approx((cats + DOG + 51 / 101) / 3)
    assert rows[0.0]['ap50'] == pytest.approx(51 / 101)


def test_figures_are_those_of_the_page(five):
    plain = figures(five, np.ones((5, 1), np.int32))
    values = {name: float(value[0]) for name, value in plain.items()}
    assert values['AP50 without FP above 0.3'] == pytest.approx(51 / 101)
    for step in ('Loc', 'Sim', 'Oth', 'BG'):
        area = error_rows(five)[0][step]
        assert values[f'error analysis: {step}'] == pytest.approx(area), step
    for name, value in summarize(five.curves).items():
        assert values[name] == pytest.approx(value, nan_ok=True), name
    for number, by_class in class_ap(five.curves).items():
        if number in ('AP', 'AP50', 'AP75'):
            for name, value in zip(five.truth.class_names, by_class, strict=True):
                assert values[f'{number} of {name}'] == pytest.approx(value)
    assert values['AP70'] == pytest.approx(AP50)
    assert values['AP95'] == pytest.approx((CAT + DOG) / 3)
    for row in error_budget(five, judge(five)):
        if f'cost of {row["error"]}' in values:
            assert values[f'cost of {row["error"]}'] == pytest.approx(row['gain'])
    assert sum(name.startswith('cost of') for name in values) == 6
    for row in sensitivity_rows(five):
        name = f'AP50 by {row["characteristic"]}: {row["level"]}'
        assert values[name] == pytest.approx(row['ap'], nan_ok=True), name
    assert values['calibration error'] == pytest.approx(3.78 / 11)
    assert values['Pearson of score and IoU'] == pytest.approx(correlation(*TOUCHING))
    found = correlation(*TOUCHING[:, TOUCHING_RIGHT])
    assert values['Pearson of score and IoU, found'] == pytest.approx(found)
    assert values['precision at best F1'] == pytest.approx(0.5)
    assert values['recall at best F1'] == pytest.approx(3 / 8)
    assert values['best F1'] == pytest.approx(6 / 14)


def test_figures_on_a_draw(five):
    # Images 1, 1, 3, 3 and 4: four cats, three dogs and a car.
    draw = np.array([[2], [0], [2], [1], [0]], np.int32)
    values = {name: float(value[0]) for name, value in figures(five, draw).items()}
    # Cats by score: two right, one wrong, two right; dogs: two right of three.
    cat, dog = (51 + 50 * 4 / 5) / 101, 67 / 101
    times = [0, 0, 2, 2, 3, 3, 4, 4, 5]  # the detections that touch their class
    expected = {
        'AP of cat': cat,
        'AP of dog': dog,
        'AP of car': 1 / 4,
        'AP50 of car': 1 / 2,
        'AP75 of car': 0,
        'AP50': (cat + dog + 1 / 2) / 3,
        'AR@1': (1 + 2 / 3 + 0) / 3,
        'AR@100': (1 + 2 / 3 + 1 / 2) / 3,
        'ARs': (1 + 2 / 3) / 2,
        'ARm': 1 / 2,
        'AP50 without FP above 0.3': (1 + dog + 1) / 3,
        # The wrong cat lies on a dog; the wrong car on nothing.
        'error analysis: Loc': (cat + dog + 1 / 2) / 3,
        'error analysis: Sim': (1 + dog + 1 / 2) / 3,
        'error analysis: Oth': (1 + dog + 1 / 2) / 3,
        'error analysis: BG': (1 + dog + 1) / 3,
        'precision at best F1': 5 / 6,
        'recall at best F1': 5 / 8,
        # Of both cats H, after a wrong cat; there are 8/3 objects of a class.
        'AP50 by size: large': (8 / 3) / (8 / 3 + 1),
        'AP50 by occluded: yes': 0,
        # .93 and .9 of which two are right, .85, .7 twice, .6 twice, .5, .3 twice.
        'calibration error': (0.73 + 0.15 + 0.6 + 1.2 + 0.5 + 1.4) / 11,
        'Pearson of score and IoU': correlation(*TOUCHING[:, times]),
    }
    for name, value in expected.items():
        assert values[name] == pytest.approx(value), name


def test_comparison(five, make_evaluation):
    content, results = five_images()
    better = [r for r in results if r['image_id'] != 3]
    # Finds B in place of the loose box, and not C.
    better[1] = dict(better[1], bbox=[0, 0, 10, 10])
    other = make_evaluation(content, better)
    ((ap, *rest),) = compare_figures(five, [other], 200, seed=0)
    assert ap.figure == 'AP'
    assert ap.first == pytest.approx((CAT + DOG + CAR) / 3)
    assert ap.second == pytest.approx((51 / 101 + CAR) / 3)
    assert ap.change.value == pytest.approx(ap.second - ap.first)
    draws = draw_images(5, 200, seed=0)
    changes = figures(other, draws)['AP'] - figures(five, draws)['AP']
    assert ap.change.low == pytest.approx(np.nanquantile(changes, 0.025))
    assert ap.change.high == pytest.approx(np.nanquantile(changes, 0.975))
    assert {d.figure for d in rest} >= {'AP50', 'AP of cat', 'cost of missed'}
    first, second = found_objects(five), found_objects(other)
    # A, C and F from .7 on, the best F1; A, B and F from .8 on.
    assert np.flatnonzero(first).tolist() == [0, 2, 5]
    assert np.flatnonzero(second).tolist() == [0, 1, 5]
    table = compare_objects(first, second, np.ones(8, bool))
    assert table == (2, 1, 1, 4, 1.0)
    # Crowds do not count.
    table = compare_objects(first, second, np.arange(8) != 1)
    assert table[:4] == (2, 1, 0, 4)
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
