"""RefineDet where users of other implementations report NaN."""

import warnings

import pytest
import torch
from samples.refinedet import (
    BORDER,
    KEYS,
    OBJECTS,
    build,
    filter_everything,
    finite_gradients,
    images,
    samples,
)

FLAT = [[20, 20, 20, 50], [128, 128, 128, 128]]  # no area


def test_boxes_at_the_border_and_without_area():
    model = build()
    with pytest.warns(UserWarning, match='without area'):
        losses = model.loss(images(), samples(BORDER + FLAT, FLAT))
    sum(losses.values()).backward()
    assert finite_gradients(model)
    clean = model.loss(images(), samples(BORDER, []))
    for key in KEYS:
        torch.testing.assert_close(losses[key], clean[key])


def test_no_positives():
    model = build()
    losses = model.loss(images(), samples([], []))
    assert set(losses) == KEYS
    assert all(loss == 0 for loss in losses.values())
    sum(losses.values()).backward()
    assert finite_gradients(model)


def test_everything_filtered():
    model = filter_everything(build(negative_threshold=0.99))
    losses = model.loss(images(), samples(OBJECTS, BORDER))
    # Objects stay.
    assert losses['loss_cls'] > 0
    assert losses['loss_bbox'] > 0
    assert losses['loss_arm_cls'] > 0
    sum(losses.values()).backward()
    assert finite_gradients(model)
    for result in model.eval().predict(images(), samples([], [])):
        assert result.pred_instances.bboxes.shape == (0, 4)


def test_a_learning_rate_ten_times_too_high():
    model = build()
    optimizer = torch.optim.SGD(
        model.parameters(), lr=1e-2, momentum=0.9, weight_decay=5e-4
    )
    x, truth = images() * 60, samples(OBJECTS, BORDER)  # unscaled pixels, as VGG's
    for _ in range(50):
        loss = sum(model.loss(x, truth).values())
        assert loss.isfinite()
        optimizer.zero_grad()
        loss.backward()
        assert finite_gradients(model)
        optimizer.step()
    for result in model.eval().predict(x, samples([], [])):
        assert result.pred_instances.bboxes.isfinite().all()


def test_exploded_refinement():
    model = build()
    for conv in model.arm_head.reg_convs:
        torch.nn.init.constant_(conv.bias, 1e20)
    losses = model.loss(images(), samples(OBJECTS, BORDER))
    assert all(loss.isfinite() for loss in losses.values())
    sum(losses.values()).backward()
    assert finite_gradients(model)


def test_bfloat16():
    model = build()
    with torch.autocast('cpu', torch.bfloat16), warnings.catch_warnings():
        losses = model.loss(images(), samples(OBJECTS, BORDER))
    assert all(loss.isfinite() for loss in losses.values())
    assert all(loss.dtype == torch.float32 for loss in losses.values())
    sum(losses.values()).backward()
    assert finite_gradients(model)
    with torch.autocast('cpu', torch.bfloat16), torch.no_grad():
        (result,) = model.eval().predict(images(1), samples([]))
    assert result.pred_instances.bboxes.dtype == torch.float32
    assert len(result.pred_instances) > 0
