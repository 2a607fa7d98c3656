import pytest

from mmdet_plus.models.roi_heads.bbox_heads.double_head_tasks import (
    check_tasks,
    task_weights,
)

PAPER = dict(lambda_fc=0.7, lambda_conv=0.8, fc_loss_weight=2.0, conv_loss_weight=2.5)


def test_weights_follow_the_formula():
    expected = dict(fc_cls=1.4, fc_reg=0.6, conv_cls=0.5, conv_reg=2.0)
    assert task_weights(**PAPER) == pytest.approx(expected)


@pytest.mark.parametrize(
    ('change', 'fusion', 'message'),
    [
        (dict(lambda_fc=1.2), 'max', r'lambda_fc must be in \[0, 1\], got 1.2'),
        (dict(lambda_conv=-0.1), 'max', r'lambda_conv must be in \[0, 1\], got -0.1'),
        (dict(conv_loss_weight=-1), 'max', 'conv_loss_weight must not be negative'),
        (dict(lambda_fc=0.0, lambda_conv=1.0), 'fc', 'no head classifies'),
        (dict(lambda_fc=1.0, lambda_conv=0.0), 'fc', 'no head localises'),
        ({}, 'sum', "fc, conv, max, average, complementary, got 'sum'"),
        (dict(lambda_conv=1.0), 'max', 'needs class scores of the conv-head'),
        (dict(lambda_fc=0.0), 'fc', 'needs class scores of the fc-head'),
    ],
)
def test_errors(change, fusion, message):
    with pytest.raises(ValueError, match=message):
        check_tasks(task_weights(**{**PAPER, **change}), fusion)


@pytest.mark.parametrize('fusion', ['fc', 'conv', 'max', 'average', 'complementary'])
def test_the_papers_weights_serve_every_fusion(fusion):
    check_tasks(task_weights(**PAPER), fusion)
