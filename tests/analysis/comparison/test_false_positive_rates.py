from types import SimpleNamespace

import numpy as np
import pytest

from mmdet_plus.analysis.comparison import false_positive_rates as module
from mmdet_plus.analysis.comparison.false_positive_rates import false_positive_rates

NAME = 'false positives per object at recall {}'


def evaluation(seed=0, count=40):
    rng = np.random.default_rng(seed)
    correct = rng.random(count) < 0.5
    # A crowd's detections are neither.
    wrong = ~correct & (rng.random(count) < 0.9)
    return SimpleNamespace(
        truth=SimpleNamespace(
            images=rng.integers(4, size=30), crowd=np.arange(30) > 27, num_images=4
        ),
        found=SimpleNamespace(
            scores=rng.random(count), images=rng.integers(4, size=count)
        ),
        correct=correct,
        wrong=wrong,
    )


def by_loop(own, draw, recall):
    objects = sum(
        draw[image]
        for image, crowd in zip(own.truth.images, own.truth.crowd, strict=True)
        if not crowd
    )
    hits = misses = 0
    for index in np.argsort(-own.found.scores):
        times = draw[own.found.images[index]]
        hits += times * own.correct[index]
        misses += times * own.wrong[index]
        if hits >= recall * objects:
            return misses / objects
    return np.inf


def test_rates_equal_the_loop(monkeypatch):
    monkeypatch.setattr(module, 'CHUNK', 2)
    own = evaluation()
    draws = np.array([[1, 2, 0], [1, 0, 3], [1, 1, 0], [1, 1, 1]])
    rates = false_positive_rates(own, draws)
    for recall in (0.3, 0.5, 0.7):
        expected = [by_loop(own, draw, recall) for draw in draws.T]
        assert rates[NAME.format(recall)] == pytest.approx(expected)
    assert np.isfinite(rates[NAME.format(0.3)]).all()


def test_without_objects_there_is_no_rate():
    rates = false_positive_rates(evaluation(), np.zeros((4, 1), int))
    assert np.isnan(rates[NAME.format(0.5)]).all()
