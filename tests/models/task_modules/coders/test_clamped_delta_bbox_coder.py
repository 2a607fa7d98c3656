import math

import pytest
import torch
from mmdet.registry import TASK_UTILS

import mmdet_plus  # noqa: F401

PRIORS = torch.tensor([[10.0, 20, 50, 60], [0, 0, 8, 16]])
GTS = torch.tensor([[14.0, 22, 34, 62], [2, 0, 10, 16]])


def build(**kwargs):
    return TASK_UTILS.build(dict(type='ClampedDeltaXYWHBBoxCoder', **kwargs))


def test_values():
    # Centres 30, 40 and 24, 42; sizes 40, 40 and 20, 40; variances 0.1 and 0.2.
    deltas = build().encode(PRIORS, GTS)
    expected = [-6 / 40 / 0.1, 2 / 40 / 0.1, math.log(0.5) / 0.2, 0]
    torch.testing.assert_close(deltas[0], torch.tensor(expected))


def test_equals_the_parent_for_boxes_with_area():
    plain = TASK_UTILS.build(
        dict(type='DeltaXYWHBBoxCoder', target_stds=[0.1, 0.1, 0.2, 0.2])
    )
    torch.testing.assert_close(build().encode(PRIORS, GTS), plain.encode(PRIORS, GTS))


def test_round_trip():
    coder = build()
    decoded = coder.decode(PRIORS, coder.encode(PRIORS, GTS))
    torch.testing.assert_close(decoded, GTS)


def test_means_are_subtracted():
    means = (0.1, 0.2, 0.3, 0.4)
    coder = build(target_means=means)
    expected = build().encode(PRIORS, GTS) - torch.tensor([1.0, 2, 1.5, 2])
    torch.testing.assert_close(coder.encode(PRIORS, GTS), expected)
    torch.testing.assert_close(coder.decode(PRIORS, expected), GTS)


def test_half_precision_is_encoded_in_float32():
    deltas = build().encode(PRIORS.half(), GTS.half())
    torch.testing.assert_close(deltas, build().encode(PRIORS, GTS))


@pytest.mark.parametrize('far', [0.0, 1e20])
def test_collapsed_boxes_stay_finite(far):
    flat = torch.tensor([[5.0, 5, 5, 5]]) + far
    gts = torch.tensor([[1.0, 1, 9, 9]])
    assert build().encode(flat, gts).isfinite().all()
    assert build().encode(gts, flat).isfinite().all()


def test_least_size_counts():
    deltas = build(min_size=2.0).encode(
        torch.tensor([[5.0, 5, 5, 5]]), torch.tensor([[4.0, 3, 6, 7]])
    )
    expected = torch.tensor([[0, 0, 0, math.log(2) / 0.2]])
    torch.testing.assert_close(deltas, expected)


def test_empty():
    assert build().encode(torch.zeros(0, 4), torch.zeros(0, 4)).shape == (0, 4)


def test_message():
    with pytest.raises(ValueError, match='min_size must be positive, got 0'):
        build(min_size=0)
