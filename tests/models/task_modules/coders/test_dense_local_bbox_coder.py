import pytest
import torch
from mmdet.registry import TASK_UTILS

import mmdet_plus  # noqa: F401

PROPOSALS = torch.tensor([[10.0, 20, 24, 48], [0, 0, 7, 7]], dtype=torch.float64)


@pytest.fixture
def coder():
    return TASK_UTILS.build(dict(type='DenseLocalBBoxCoder', grid_size=7))


def test_centres_lie_at_half_cells(coder):
    centres = coder.cell_centres(PROPOSALS)
    assert centres.shape == (2, 2, 7, 7)
    # The first proposal has cells of 2 x 4 px; x runs along the last axis.
    torch.testing.assert_close(centres[0, :, 0, 0], PROPOSALS.new_tensor([11, 22]))
    torch.testing.assert_close(centres[0, :, 0, 6], PROPOSALS.new_tensor([23, 22]))
    torch.testing.assert_close(centres[0, :, 6, 0], PROPOSALS.new_tensor([11, 46]))


def test_offsets_follow_equation_2(coder):
    gt = torch.tensor([[8.0, 21, 30, 40]], dtype=torch.float64)
    offsets = coder.encode(PROPOSALS[:1], gt)
    x, y, width, height = 11 + 2 * 5, 22 + 4 * 3, 14, 28
    want = [(x - 8) / width, (30 - x) / width, (y - 21) / height, (40 - y) / height]
    torch.testing.assert_close(offsets[0, :, 3, 5], PROPOSALS.new_tensor(want))


def test_decode_inverts_encode(coder):
    gts = torch.tensor([[8.0, 21, 30, 40], [3, -2, 4, 9]], dtype=torch.float64)
    decoded = coder.decode(PROPOSALS, coder.encode(PROPOSALS, gts))
    torch.testing.assert_close(decoded, gts[:, :, None, None].expand(-1, -1, 7, 7))


def test_zero_area_proposal_stays_finite(coder):
    flat = torch.tensor([[5.0, 5, 5, 5]])
    offsets = coder.encode(flat, torch.tensor([[0.0, 0, 10, 10]]))
    assert offsets.isfinite().all()
    assert coder.decode(flat, offsets).isfinite().all()


def test_no_proposals(coder):
    none = torch.empty(0, 4)
    assert coder.encode(none, none).shape == (0, 4, 7, 7)
    assert coder.decode(none, torch.empty(0, 4, 7, 7)).shape == (0, 4, 7, 7)
