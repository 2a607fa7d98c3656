import math

import numpy as np
import pytest
import torch

from mmdet_plus.analysis.head_correlation.measures import (
    RunningBins,
    RunningCorrelation,
    fc_output_maps,
    size_groups,
    sliding_windows,
    spatial_correlation,
    weight_correlation,
)


def test_windows_equal_the_loop():
    gts = torch.tensor([[10.0, 20, 30, 60], [0, 0, 8, 4]])
    shifts, scales = (-0.5, 0.0, 0.25), (0.5, 1.0)
    windows = sliding_windows(gts, shifts, scales)
    assert windows.shape == (2, 36, 4)
    for gt, own in zip(gts.tolist(), windows, strict=True):
        width, height = gt[2] - gt[0], gt[3] - gt[1]
        expected = []
        for dx in shifts:
            for dy in shifts:
                for sx in scales:
                    for sy in scales:
                        x = (gt[0] + gt[2]) / 2 + dx * width
                        y = (gt[1] + gt[3]) / 2 + dy * height
                        w, h = sx * width / 2, sy * height / 2
                        expected.append([x - w, y - h, x + w, y + h])
        torch.testing.assert_close(own, torch.tensor(expected))
    assert (windows[0] == gts[0]).all(dim=1).sum() == 1  # the object itself
    assert sliding_windows(torch.empty(0, 4), shifts, scales).shape == (0, 36, 4)


def test_size_groups_at_the_limits():
    areas = torch.tensor([0.0, 1023, 1024, 9215, 9216, 1e6])
    assert size_groups(areas, 32**2, 96**2).tolist() == [0, 0, 1, 1, 2, 2]


def test_correlation_by_hand():
    correlation = RunningCorrelation()
    correlation.update(torch.tensor([1.0, 2, 3]), torch.tensor([1.0, 3, 2]))
    assert correlation.value() == pytest.approx(0.5)
    opposite = RunningCorrelation()
    opposite.update(torch.tensor([0.0, 1]), torch.tensor([0.7, 0.2]))
    assert opposite.value() == pytest.approx(-1)


def test_correlation_in_parts_equals_numpy():
    torch.manual_seed(0)
    x = torch.rand(200)
    y = 0.3 * x + torch.rand(200)
    correlation = RunningCorrelation()
    for part in torch.arange(200).split(37):
        correlation.update(x[part], y[part])
    correlation.update(torch.empty(0), torch.empty(0))
    expected = np.corrcoef(x.numpy(), y.numpy())[0, 1]
    assert correlation.value() == pytest.approx(expected, abs=1e-6)
    assert correlation.count == 200


@pytest.mark.parametrize('values', [[], [0.3], [0.3] * 50])
def test_no_variation_gives_nan(values):
    correlation = RunningCorrelation()
    correlation.update(torch.tensor(values), torch.rand(len(values)))
    assert math.isnan(correlation.value())


def test_bins_by_hand():
    bins = RunningBins(4)
    bins.update(torch.tensor([0.0, 0.24, 0.25]), torch.tensor([1.0, 3, 5]))
    bins.update(torch.tensor([1.0, 0.75]), torch.tensor([2.0, 2]))
    rows = bins.rows()
    assert [count for count, _, _ in rows] == [2, 1, 0, 2]
    assert rows[0][1:] == (2.0, 1.0)  # mean and deviation of 1 and 3
    assert rows[1][1:] == (5.0, 0.0)
    assert all(math.isnan(value) for value in rows[2][1:])
    assert rows[3][1:] == (2.0, 0.0)


def test_fc_maps_sum_to_the_layer():
    torch.manual_seed(0)
    feats, layer = torch.randn(3, 4, 5, 5), torch.nn.Linear(100, 6, bias=False)
    maps = fc_output_maps(feats, layer.weight)
    assert maps.shape == (3, 6, 5, 5)
    torch.testing.assert_close(maps.sum(dim=(2, 3)), layer(feats.flatten(1)))
    feats[:, :, 2, 3] = 0
    assert (fc_output_maps(feats, layer.weight)[:, :, 2, 3] == 0).all()


def test_spatial_correlation_by_hand():
    maps = torch.tensor([[[[3.0, 0.0, 1.0, -6.0]], [[0.0, 2.0, 1.0, 0.0]]]])
    r = 0.5**0.5
    expected = [[1, 0, r, -1], [0, 1, r, 0], [r, r, 1, -r], [-1, 0, -r, 1]]
    torch.testing.assert_close(spatial_correlation(maps), torch.tensor([expected]))
    assert spatial_correlation(torch.empty(0, 2, 3, 3)).shape == (0, 9, 9)


def test_weight_correlation_compares_places():
    torch.manual_seed(0)
    weight = torch.randn(5, 3, 2, 2)
    weight[:, :, 1, 1] = -2 * weight[:, :, 0, 1]
    matrix = weight_correlation(weight.view(5, 12), 2)
    first, second = weight[:, :, 0, 0].flatten(), weight[:, :, 1, 0].flatten()
    expected = first @ second / (first.norm() * second.norm())
    torch.testing.assert_close(matrix[0, 2], expected)
    torch.testing.assert_close(matrix[1, 3], torch.tensor(-1.0))
    torch.testing.assert_close(matrix.diagonal(), torch.ones(4))
