import pytest
import torch
from samples import released_pooling

from mmdet_plus.ops import RoIMaxPool, roi_max_pool


def test_equals_the_loops():
    torch.manual_seed(0)
    feats = torch.randn(2, 3, 13, 17) - 3  # negative: an empty bin shows
    corners = torch.rand(40, 2) * torch.tensor([250.0, 190])
    rois = torch.cat([corners, corners + torch.rand(40, 2) * 200], dim=1)
    rois = torch.cat([torch.randint(2, (40, 1)).float(), rois], dim=1)
    # A point, the whole image, and a RoI outside.
    rois[:3, 1:] = torch.tensor(
        [[9.0, 9, 9, 9], [0, 0, 271, 207], [400, 400, 500, 500]]
    )
    expected = torch.stack(
        [
            released_pooling.roi_max_pool(feats[int(roi[0])], roi[1:], 7, 1 / 16)
            for roi in rois
        ]
    )
    assert torch.equal(RoIMaxPool(7, spatial_scale=1 / 16)(feats, rois), expected)
    assert (expected[2] == 0).all()
    assert (expected != 0).any()


def test_gradient_goes_to_the_largest_cells():
    feats = torch.arange(16.0).view(1, 1, 4, 4).requires_grad_()
    pooled = roi_max_pool(feats, torch.tensor([[0.0, 0, 0, 3, 3]]), output_size=2)
    assert pooled.flatten().tolist() == [5, 7, 13, 15]
    pooled.sum().backward()
    assert feats.grad.flatten().nonzero().flatten().tolist() == [5, 7, 13, 15]


def test_no_rois():
    feats = torch.rand(1, 3, 4, 4)
    pooled = roi_max_pool(feats, torch.empty(0, 5), output_size=(2, 3))
    assert pooled.shape == (0, 3, 2, 3)


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
@pytest.mark.parametrize('column', [1, 2, 3, 4])
def test_a_roi_that_is_not_finite_is_nan_and_sends_no_gradient(value, column):
    feats = torch.rand(2, 3, 4, 4, requires_grad=True)
    rois = torch.tensor([[0.0, 0, 0, 3, 3], [1, 1, 1, 3, 3]])
    rois[1, column] = value
    pooled = roi_max_pool(feats, rois, output_size=2)
    assert pooled[1].isnan().all()
    assert torch.equal(pooled[:1], roi_max_pool(feats, rois[:1], output_size=2))
    pooled.sum().backward()
    assert feats.grad[0].sum() == 3 * 4
    assert feats.grad[1].abs().sum() == 0


@pytest.mark.parametrize('index', [-1, 2, float('nan')])
def test_bad_batch_index_is_refused(index):
    rois = torch.tensor([[index, 0.0, 0, 3, 3]])
    with pytest.raises(RuntimeError, match=r'batch index lies outside \[0, 2\)'):
        roi_max_pool(torch.rand(2, 3, 4, 4), rois, output_size=2)
