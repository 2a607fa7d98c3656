import pytest
import torch
from mmdet.registry import MODELS

import mmdet_plus  # noqa: F401

BBOXES = torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 10]])
GTS = torch.tensor([[0.0, 0, 10, 5], [20, 20, 30, 30]])


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(type='IoUScoringHead', in_channels=4, fc_out_channels=8)
    head = MODELS.build({**config, **kwargs})
    head.init_weights()
    return head


@pytest.fixture
def feats():
    torch.manual_seed(1)
    return torch.randn(2, 4, 7, 7)


def test_published_widths_are_the_defaults():
    head = MODELS.build(dict(type='IoUScoringHead'))
    linears = [m for m in head.modules() if isinstance(m, torch.nn.Linear)]
    shapes = [tuple(m.weight.shape) for m in linears]
    assert shapes == [(1024, 576 * 49), (1024, 1024), (2, 1024)]
    assert type(head.loss_iou).__name__ == 'MSELoss'


def test_targets_are_what_is_missing_and_the_iou():
    assert build().get_targets(BBOXES, GTS).tolist() == [[0.5, 0.5], [1, 0]]


@pytest.mark.parametrize(
    ('kind', 'function'),
    [
        ('MSELoss', lambda d: d**2),
        ('L1Loss', lambda d: d.abs()),
        (
            'SmoothL1Loss',
            lambda d: torch.where(d.abs() < 1, d**2 / 2, d.abs() - 0.5),
        ),
    ],
)
def test_loss_values(feats, kind, function):
    head = build(loss_iou=dict(type=kind))
    torch.nn.init.normal_(head.predictor.weight)  # differences on both sides of 1
    difference = head(feats) - torch.tensor([[0.5, 0.5], [1, 0]])
    loss = head.loss(head(feats), BBOXES, GTS)['loss_iou']
    torch.testing.assert_close(loss, function(difference).mean())


def test_scores_are_the_second_output_clamped():
    outputs = torch.tensor([[0.9, 0.3], [0.9, 1.4], [0.9, -0.2]])
    scores = build().predict_by_feat(outputs)
    torch.testing.assert_close(scores, torch.tensor([0.3, 1, 0]))


def test_every_parameter_learns(feats):
    head = build()
    head.loss(head(feats), BBOXES, GTS)['loss_iou'].backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_no_positives_keep_keys_and_graph():
    head = build()
    none = torch.empty(0, 4)
    losses = head.loss(head(torch.empty(0, 4, 7, 7)), none, none)
    assert losses.keys() == {'loss_iou'}
    losses['loss_iou'].backward()
    assert losses['loss_iou'] == 0
    assert all(p.grad is not None for p in head.parameters())


def test_output_is_float32_under_autocast(feats):
    with torch.autocast('cpu', torch.bfloat16):
        assert build()(feats).dtype == torch.float32
        head = build()
        assert head.loss(head(feats), BBOXES, GTS)['loss_iou'].isfinite()


def test_state_dict_round_trip(feats):
    head, other = build(), build()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(feats), head(feats))


def test_released_models_have_no_largest_iou():
    outputs = torch.tensor([[0.0, 1.7], [0.0, -0.2], [0.5, 0.5]])
    head = build(max_iou=None)
    assert head.predict_by_feat(outputs).tolist() == pytest.approx([1.7, 0, 0.5])
    assert build().predict_by_feat(outputs).tolist() == pytest.approx([1, 0, 0.5])
