import pytest
import torch

from mmdet_plus.models.roi_heads.score_fusion import FUSION_MODES, fuse_scores

FIRST = torch.tensor([[0.5, 0.0, 1.0], [0.2, 0.9, 0.3]])
SECOND = torch.tensor([[0.5, 0.4, 0.3], [0.6, 0.1, 0.0]])


@pytest.mark.parametrize(
    ('mode', 'expected'),
    [
        ('max', [[0.5, 0.4, 1.0], [0.6, 0.9, 0.3]]),
        ('average', [[0.5, 0.2, 0.65], [0.4, 0.5, 0.15]]),
        ('complementary', [[0.75, 0.4, 1.0], [0.68, 0.91, 0.3]]),
    ],
)
def test_values_by_hand(mode, expected):
    fused = fuse_scores(FIRST, SECOND, mode)
    torch.testing.assert_close(fused, torch.tensor(expected))
    torch.testing.assert_close(fused, fuse_scores(SECOND, FIRST, mode))


@pytest.mark.parametrize('mode', FUSION_MODES)
def test_scores_stay_between_zero_and_one(mode):
    torch.manual_seed(0)
    fused = fuse_scores(torch.rand(50, 4), torch.rand(50, 4), mode)
    assert ((fused >= 0) & (fused <= 1)).all()
    assert fuse_scores(torch.empty(0, 4), torch.empty(0, 4), mode).shape == (0, 4)


def test_unknown_mode():
    with pytest.raises(ValueError, match="max, average, complementary, got 'sum'"):
        fuse_scores(FIRST, SECOND, 'sum')
