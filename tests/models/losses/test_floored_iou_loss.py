import pytest
import torch
from mmdet.registry import MODELS

import mmdet_plus  # noqa: F401

TARGET = torch.tensor([[0.0, 0, 10, 10]]).repeat(4, 1)
# IoU of 1, 0.5, 0.1 and none.
PRED = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 5], [0, 0, 10, 1], [20, 20, 30, 30]])
LOGS = -torch.tensor([1.0, 0.5, 0.2, 0.1]).log()


def build(**kwargs):
    return MODELS.build(dict(type='FlooredIoULoss', **kwargs))


def test_values_by_hand():
    torch.testing.assert_close(build(reduction='none')(PRED, TARGET), LOGS)
    torch.testing.assert_close(build()(PRED, TARGET), LOGS.mean())
    found = build(loss_weight=2.0)(PRED, TARGET, reduction_override='sum')
    torch.testing.assert_close(found, 2 * LOGS.sum())


def test_weights_and_their_average():
    weight = torch.tensor([0.0, 1, 1, 0])
    found = build(loss_weight=2.0)(PRED, TARGET, weight=weight, avg_factor=8)
    torch.testing.assert_close(found, 2 * (LOGS[1] + LOGS[2]) / 8)
    each = build()(PRED, TARGET, weight=weight[:, None].expand(4, 4), avg_factor=8)
    torch.testing.assert_close(each, found / 2)


def test_above_the_floor_it_is_the_loss_of_the_host():
    host = MODELS.build(dict(type='IoULoss', mode='log'))
    torch.testing.assert_close(
        build()(PRED[:2], TARGET[:2]), host(PRED[:2], TARGET[:2])
    )


def test_the_gradient_is_bounded_by_the_floor():
    # Boxes one pixel wide and ever thinner: the IoU goes to zero.
    heights = torch.tensor([1e-1, 1e-2, 1e-4], requires_grad=True)
    zeros = torch.zeros_like(heights)
    pred = torch.stack([zeros, zeros, zeros + 10, heights], dim=1)
    build(reduction='sum')(pred, TARGET[:3]).backward()
    ious = heights.detach() / 10
    torch.testing.assert_close(heights.grad, -0.1 / (ious + 0.1))


def test_no_boxes_keep_the_gradient_path():
    pred = torch.empty(0, 4, requires_grad=True)
    loss = build()(pred, TARGET[:0], weight=torch.empty(0), avg_factor=1.0)
    assert loss == 0
    loss.backward()
    assert pred.grad.shape == (0, 4)


@pytest.mark.parametrize('floor', [0, 1, -0.1])
def test_floors_that_mean_nothing_are_refused(floor):
    with pytest.raises(ValueError, match=f'floor must be .* got {floor}'):
        build(floor=floor)
