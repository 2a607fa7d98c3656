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
