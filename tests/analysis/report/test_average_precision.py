import numpy as np
import pytest
from samples.detections import coco_eval, random_data

from mmdet_plus.analysis.report.average_precision import (
    accumulate,
    precision_at_recalls,
    summarize,
)
from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.ground_truth import read_ground_truth
from mmdet_plus.analysis.report.matching import match
from mmdet_plus.analysis.report.overlaps import measure_overlaps


def measure(content, results, kind='bbox'):
    truth = read_ground_truth(content)
    found = read_detections(results, truth)
    overlaps = measure_overlaps(truth, found, kind)
    matches = match(truth, found, overlaps, found.areas(kind))
    return truth, found, matches, accumulate(truth, found, matches)


@pytest.mark.parametrize('kind', ['bbox', 'segm'])
@pytest.mark.parametrize('seed', range(4))
def test_every_number_is_pycocotools(seed, kind):
    content, results = random_data(seed, with_masks=kind == 'segm', sizes=140)
    expected = coco_eval(content, results, kind)
    *_, curves = measure(content, results, kind)
    for name, ours in (
        ('precision', curves.precision),
        ('scores', curves.scores),
    ):
        theirs = expected.eval[name][..., 2]
        same = np.where(np.isnan(ours), -1, ours)
        np.testing.assert_allclose(same, theirs, rtol=0, atol=1e-12)
    theirs = expected.eval['recall']
    same = np.where(np.isnan(curves.recall), -1, curves.recall)
    np.testing.assert_allclose(same, theirs, rtol=0, atol=1e-12)
    numbers = np.array(list(summarize(curves).values()))
    numbers = np.where(np.isnan(numbers), -1, numbers)
    np.testing.assert_allclose(numbers, expected.stats, rtol=0, atol=1e-12)
    assert 0.05 < numbers[0] < 0.95


def test_a_curve_by_hand():
    correct = np.array([[True, False, True]])
    scores = np.array([0.9, 0.8, 0.7])
    precision, at = precision_at_recalls(correct, np.ones((1, 3), bool), scores, 4)
    # Recall 1/4 at precision 1, 2/4 at 2/3, never more.
    expected = [1.0] * 26 + [2 / 3] * 25 + [0.0] * 50
    np.testing.assert_allclose(precision[0], expected, rtol=1e-12)
    assert at[0].tolist() == [0.9] * 26 + [0.7] * 25 + [0.0] * 50


def test_ignored_detections_are_passed_over():
    correct = np.array([[False, True]])
    counted = np.array([[False, True]])
    precision, _ = precision_at_recalls(correct, counted, np.array([0.9, 0.8]), 1)
    np.testing.assert_allclose(precision, 1)


def test_nothing_found_and_nothing_to_find():
    content, results = random_data()
    content['annotations'] = [
        a for a in content['annotations'] if a['category_id'] != 7
    ]
    *_, curves = measure(content, [])
    numbers = summarize(curves)
    assert numbers['AP'] == numbers['AR@100'] == 0
    assert np.isnan(curves.precision[:, :, 2]).all()
    content['annotations'] = []
    *_, curves = measure(content, results)
    assert all(np.isnan(value) for value in summarize(curves).values())
