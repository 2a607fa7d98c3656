import pytest
import torch

from mmdet_plus.models.roi_heads.refiners.top_sampling import check_top_p, top_indices


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


def test_of_boxes_that_score_alike_the_first_are_chosen():
    scores = torch.ones(200)
    scores[150] = 2
    assert top_indices(scores, 0.02).tolist() == [0, 1, 2, 150]


def test_fractions_outside_are_refused():
    check_top_p(0)
    check_top_p(1)
    with pytest.raises(ValueError, match=r'top_p must be a fraction in .* got 50'):
        check_top_p(50)
