import copy

import numpy as np
import pytest
from samples.detections import coco_eval, copied, random_data

from mmdet_plus.analysis import bootstrap
from mmdet_plus.analysis.bootstrap import (
    Interval,
    draw_images,
    percentile_interval,
    resampled_ap,
)
from mmdet_plus.analysis.report.detections import read_detections
from mmdet_plus.analysis.report.evaluation import evaluate
from mmdet_plus.analysis.report.ground_truth import read_ground_truth


@pytest.mark.parametrize('area', [0, 2])
def test_ap_is_that_of_copied_images(area):
    content, results = random_data(3, 30, sizes=140)
    rng = np.random.default_rng(0)
    for result in results:
        result['score'] = float(rng.random())
    truth = read_ground_truth(content)
    evaluation = evaluate(truth, read_detections(results, truth))
    draws = draw_images(30, 5, seed=1)
    matches = evaluation.matches
    for label in range(3):
        own = evaluation.by_class[label]
        chosen = (truth.labels == label) & ~matches.object_ignored[area]
        values = resampled_ap(
            evaluation.found.images[own],
            matches.correct[area][:, own],
            ~matches.ignored[area][:, own],
            np.bincount(truth.images[chosen], minlength=30),
            draws,
        )
        for b in range(5):
            expected = coco_eval(*copied(content, copy.deepcopy(results), draws[:, b]))
            precision = expected.eval['precision'][:, :, label, area, 2].mean(axis=1)
            np.testing.assert_allclose(values[:, b], precision, rtol=0, atol=1e-12)
    assert np.ptp(values[0]) > 0


@pytest.mark.parametrize('block', [1, 100, 257])
def test_blocks_do_not_change_the_result(block, monkeypatch):
    rng = np.random.default_rng(0)
    images = rng.integers(0, 20, 60)
    correct = rng.random((3, 60)) < 0.4
    counted = correct | (rng.random((3, 60)) < 0.8)
    objects = rng.integers(0, 5, (3, 20))
    draws = draw_images(20, 30, seed=1)
    given = images, correct, counted, objects, draws, np.full(30, 7.0)
    expected = resampled_ap(*given)
    monkeypatch.setattr(bootstrap, 'BLOCK', block)
    seen = []
    measure = bootstrap._resampled_block
    monkeypatch.setattr(
        bootstrap, '_resampled_block', lambda *a: seen.append(a[4].size) or measure(*a)
    )
    np.testing.assert_allclose(resampled_ap(*given), expected, rtol=1e-14)
    assert len(seen) == min(30, -(-60 * 30 // block))


def test_without_objects_or_detections():
    draws = np.array([[1, 2, 0], [1, 0, 2]], np.int32)
    nothing = np.zeros(0, int), np.zeros((2, 0), bool), np.zeros((2, 0), bool)
    values = resampled_ap(*nothing, np.array([1, 0]), draws)
    np.testing.assert_array_equal(values, [[0, 0, np.nan]] * 2)


def test_draws_have_as_many_images_and_follow_the_seed():
    draws = draw_images(50, 20, seed=3)
    assert (draws.sum(axis=0) == 50).all()
    assert (draws == draw_images(50, 20, seed=3)).all()
    assert (draws != draw_images(50, 20, seed=4)).any()
    with pytest.raises(ValueError, match='num_images must be positive, got 0'):
        draw_images(0)


def test_interval_by_hand():
    samples = np.append(np.arange(101.0), np.nan)
    assert percentile_interval(50, samples, 0.9) == pytest.approx((50, 5, 95))
    nothing = percentile_interval(1, np.array([np.nan]))
    assert np.isnan(nothing.low)
    assert not nothing.is_clear
    assert Interval(0.1, 0.01, 0.2).is_clear
    assert Interval(-0.1, -0.2, -0.01).is_clear
    assert not Interval(0.1, -0.01, 0.2).is_clear
