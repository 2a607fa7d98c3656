import pytest
import torch

from mmdet_plus.models.roi_heads.refiners.score_fusion import (
    check_fusion,
    fuse_refined,
    top_indices,
)

BASE = torch.tensor([[0.5, 0.0, 1.0]])
REFINED = torch.tensor([[0.5, 0.4, 0.25]])


@pytest.mark.parametrize(
    ('mode', 'expected'),
    [
        ('multiply', [[0.25, 0.0, 0.25]]),
        ('average', [[0.5, 0.2, 0.625]]),
        ('refiner_only', [[0.5, 0.4, 0.25]]),
    ],
)
def test_values_by_hand(mode, expected):
    fused = fuse_refined(BASE, REFINED, mode)
    torch.testing.assert_close(fused, torch.tensor(expected))


@pytest.mark.parametrize(
    ('top_p', 'expected'),
    [
        (0, []),
        (0.2, [3]),
        (0.21, [1, 3]),
        (0.5, [1, 3, 4]),
        (1.0, [0, 1, 2, 3, 4]),
    ],
)
def test_the_best_are_chosen(top_p, expected):
    scores = torch.tensor([0.1, 0.8, 0.2, 0.9, 0.5])
    assert top_indices(scores, top_p).tolist() == expected


def test_fractions_do_not_round_up_by_accident():
    assert len(top_indices(torch.rand(100), 0.07)) == 7
    assert len(top_indices(torch.rand(300), 0.5)) == 150
    assert len(top_indices(torch.rand(0), 0.5)) == 0


def test_errors():
    with pytest.raises(ValueError, match="refiner_only, got 'sum'"):
        fuse_refined(BASE, REFINED, 'sum')
    with pytest.raises(ValueError, match="got 'sum'"):
        check_fusion('sum', 1)
    with pytest.raises(ValueError, match='top_p must be a fraction'):
        check_fusion('multiply', 50)
