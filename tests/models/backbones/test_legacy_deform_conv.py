import math

import pytest
import torch
from mmcv.cnn import build_conv_layer

import mmdet_plus  # noqa: F401

GROUPS = 2


def sample(channel, y, x):
    """Nothing outside; the last cell does not fade out."""
    height, width = channel.shape
    if not (0 <= y < height and 0 <= x < width):
        return 0.0
    y, x = min(y, height - 1), min(x, width - 1)
    top, left = math.floor(y), math.floor(x)
    below, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    upper = channel[top, left] * (1 - dx) + channel[top, right] * dx
    lower = channel[below, left] * (1 - dx) + channel[below, right] * dx
    return upper * (1 - dy) + lower * dy


def by_loops(x, offset, weight, stride, dilation):
    outputs, channels = weight.shape[:2]
    result = torch.zeros(len(x), outputs, *offset.shape[2:])
    for n in range(len(x)):
        for row in range(offset.shape[2]):
            for column in range(offset.shape[3]):
                for c in range(channels):
                    group = c // (channels // GROUPS)
                    for k in range(9):
                        place = 2 * (9 * group + k)
                        dy, dx = offset[n, place : place + 2, row, column].tolist()
                        y = row * stride - dilation + k // 3 * dilation + dy
                        at = column * stride - dilation + k % 3 * dilation + dx
                        value = sample(x[n, c], y, at)
                        result[n, :, row, column] += weight[:, c, k // 3, k % 3] * value
    return result


@pytest.mark.parametrize(('stride', 'dilation'), [(1, 1), (1, 2), (2, 1)])
def test_values_at_the_border_equal_the_loops(stride, dilation):
    torch.manual_seed(0)
    cfg = dict(type='LegacyDCN', deform_groups=GROUPS)
    sizes = dict(kernel_size=3, stride=stride, padding=dilation, dilation=dilation)
    conv = build_conv_layer(cfg, 4, 3, bias=False, **sizes)
    torch.nn.init.normal_(conv.conv_offset.weight, std=0.3)
    x = torch.randn(2, 4, 5, 6)
    with torch.no_grad():
        expected = by_loops(x, conv.conv_offset(x), conv.weight, stride, dilation)
        found = conv(x)
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=1e-4)
        plain = build_conv_layer(cfg | dict(type='DCN'), 4, 3, bias=False, **sizes)
        plain.load_state_dict(conv.state_dict())
        assert (plain(x) - found).abs().max() > 0.1


def test_everything_learns():
    torch.manual_seed(0)
    conv = build_conv_layer(
        dict(type='LegacyDCN'), 2, 2, kernel_size=3, padding=1, bias=False
    )
    torch.nn.init.normal_(conv.conv_offset.weight, std=0.3)
    conv(torch.randn(1, 2, 6, 6)).square().sum().backward()
    assert all(p.grad.abs().max() > 0 for p in conv.parameters())
