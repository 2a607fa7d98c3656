import math

import pytest
import torch

from mmdet_plus.models.task_modules.coders import PixelDeltaXYWHBBoxCoder

STDS = (0.1, 0.1, 0.2, 0.2)


def decoded_by_hand(box, delta, shape=None):
    """One box: widths with the last pixel, centres between first and last pixel."""
    corners = []
    for low, high, shift, growth, std in (
        (box[0], box[2], delta[0], delta[2], STDS[0]),
        (box[1], box[3], delta[1], delta[3], STDS[0]),
    ):
        size = high - low + 1
        centre = low + 0.5 * (size - 1) + shift * std * size
        new_size = size * math.exp(growth * 0.2)
        corners.append((centre - 0.5 * (new_size - 1), centre + 0.5 * (new_size - 1)))
    (x1, x2), (y1, y2) = corners
    if shape is not None:
        height, width = shape
        x1, x2 = (min(max(x, 0), width - 1) for x in (x1, x2))
        y1, y2 = (min(max(y, 0), height - 1) for y in (y1, y2))
    return [x1, y1, x2, y2]


@pytest.mark.parametrize('shape', [None, (50, 80)])
def test_decodes_as_code_that_counts_the_last_pixel(shape):
    torch.manual_seed(0)
    boxes = torch.rand(6, 4) * 40
    boxes[:, 2:] += boxes[:, :2]
    deltas = torch.randn(6, 8)  # of two classes
    decoded = PixelDeltaXYWHBBoxCoder(target_stds=STDS).decode(boxes, deltas, shape)
    expected = [
        [*decoded_by_hand(box, d[:4], shape), *decoded_by_hand(box, d[4:], shape)]
        for box, d in zip(boxes.tolist(), deltas.tolist(), strict=True)
    ]
    torch.testing.assert_close(decoded, torch.tensor(expected), atol=1e-4, rtol=0)


def test_encoding_is_the_inverse():
    boxes = torch.tensor([[0.0, 0, 9, 19], [3, 4, 30, 11]])
    gts = torch.tensor([[2.0, 1, 12, 15], [0, 0, 8, 8]])
    coder = PixelDeltaXYWHBBoxCoder(target_stds=STDS)
    deltas = coder.encode(boxes, gts)
    # 10 pixels wide, moved by 2.5 and one pixel wider.
    assert deltas[0, 0].item() == pytest.approx(2.5 / 10 / 0.1)
    assert deltas[0, 2].item() == pytest.approx(math.log(11 / 10) / 0.2)
    torch.testing.assert_close(coder.decode(boxes, deltas), gts)


def test_no_boxes():
    coder = PixelDeltaXYWHBBoxCoder()
    assert coder.decode(torch.empty(0, 4), torch.empty(0, 4), (9, 9)).shape == (0, 4)


def test_boxes_of_less_than_a_pixel_do_not_turn_over():
    decoded = PixelDeltaXYWHBBoxCoder(target_stds=STDS).decode(
        torch.tensor([[5.0, 5, 5, 5]]), torch.tensor([[0.0, 0, -5, -5]])
    )
    assert (decoded[:, 2:] >= decoded[:, :2]).all()
