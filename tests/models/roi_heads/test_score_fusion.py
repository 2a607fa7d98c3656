import pytest
import torch

from mmdet_plus.models.roi_heads.score_fusion import (
    HEAD_FUSIONS,
    fuse_cascade,
    fuse_heads,
    fuse_refined,
)

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
def test_heads_by_hand(mode, expected):
    fused = fuse_heads(FIRST, SECOND, mode)
    torch.testing.assert_close(fused, torch.tensor(expected))
    torch.testing.assert_close(fused, fuse_heads(SECOND, FIRST, mode))


@pytest.mark.parametrize('mode', HEAD_FUSIONS)
def test_scores_stay_between_zero_and_one(mode):
    torch.manual_seed(0)
    fused = fuse_heads(torch.rand(50, 4), torch.rand(50, 4), mode)
    assert ((fused >= 0) & (fused <= 1)).all()
    assert fuse_heads(torch.empty(0, 4), torch.empty(0, 4), mode).shape == (0, 4)


@pytest.mark.parametrize(
    ('mode', 'expected'),
    [
        ('multiply', [[0.25, 0.0, 0.3], [0.12, 0.09, 0.0]]),
        ('average', [[0.5, 0.2, 0.65], [0.4, 0.5, 0.15]]),
        ('refiner_only', SECOND.tolist()),
    ],
)
def test_refined_by_hand(mode, expected):
    fused = fuse_refined(FIRST, SECOND, mode)
    torch.testing.assert_close(fused, torch.tensor(expected))


def test_cascade_by_hand():
    cls, iou, rsm = torch.tensor([0.81]), torch.tensor([0.25]), torch.tensor([0.04])
    assert fuse_cascade(cls, iou, rsm, 0.5).item() == pytest.approx(0.45 * 0.2)
    assert fuse_cascade(cls, None, rsm, 0.5).item() == pytest.approx(0.9 * 0.2)
    assert fuse_cascade(cls, iou, None, 0.5).item() == pytest.approx(0.2025)
    assert fuse_cascade(cls, None, None, 0.5).item() == pytest.approx(0.81)
    assert fuse_cascade(cls, iou * 0, rsm * 0, 0.8).item() == 0


def test_unknown_modes():
    with pytest.raises(ValueError, match="max, average, complementary, got 'sum'"):
        fuse_heads(FIRST, SECOND, 'sum')
    with pytest.raises(ValueError, match="refiner_only, got 'sum'"):
        fuse_refined(FIRST, SECOND, 'sum')
