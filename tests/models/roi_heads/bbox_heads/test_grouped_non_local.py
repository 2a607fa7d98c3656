import pytest
import torch

from mmdet_plus.models.roi_heads.bbox_heads.grouped_non_local import GroupedNonLocal2d

GROUPS = 4


def build():
    torch.manual_seed(0)
    block = GroupedNonLocal2d(16, groups=GROUPS).eval()
    for parameter in block.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    norm = block.conv_out.norm
    norm.running_mean.normal_()
    norm.running_var.uniform_(0.5, 2)
    return block


def by_loops(block, x):
    """Each place adds what it takes from every place, group by group."""
    n, _, height, width = x.shape
    places = [(i, j) for i in range(height) for j in range(width)]
    g, theta, phi = (layer(x) for layer in (block.g, block.theta, block.phi))
    mixed = torch.zeros_like(g)
    width_of_group = g.shape[1] // GROUPS
    for k in range(n):
        for group in range(GROUPS):
            own = slice(group * width_of_group, (group + 1) * width_of_group)
            for a, b in places:
                for c, d in places:
                    affinity = theta[k, own, a, b] @ phi[k, own, c, d] / len(places)
                    mixed[k, own, a, b] += affinity * g[k, own, c, d]
    conv, norm = block.conv_out.conv, block.conv_out.norm
    return torch.relu(x + norm(conv(mixed)))


def test_equals_the_loops():
    block = build()
    x = torch.randn(2, 16, 3, 2)
    with torch.no_grad():
        torch.testing.assert_close(block(x), by_loops(block, x), atol=1e-5, rtol=1e-5)


def test_starts_as_relu():
    block = GroupedNonLocal2d(16, groups=2)
    x = torch.randn(2, 16, 3, 3)
    assert torch.equal(block(x), x.relu())
    assert block.conv_out.conv.bias is not None


def test_groups_must_divide():
    with pytest.raises(ValueError, match=r'groups must divide 8, half of .* got 3'):
        GroupedNonLocal2d(16, groups=3)
