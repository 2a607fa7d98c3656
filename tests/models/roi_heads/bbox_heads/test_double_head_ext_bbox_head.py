import pytest
import torch
from mmcv.cnn import NonLocal2d
from mmdet.models.backbones.resnet import Bottleneck
from mmdet.models.roi_heads.bbox_heads.double_bbox_head import BasicResBlock
from mmdet.registry import MODELS
from samples.double_head import (
    CONV_ONLY,
    DOUBLE,
    FC_ONLY,
    META,
    REVERSED,
    TEST_CFG,
    build,
    feats,
    run,
    targets,
)
from torch.nn import functional as F

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.bbox_heads.double_head_ext_bbox_head import (
    DoubleHeadOutputs,
)


def leave_start(head):
    """Non-local blocks start as the identity."""
    for module in head.modules():
        if isinstance(module, NonLocal2d):
            torch.nn.init.normal_(module.conv_out.conv.weight)
    return head


def test_defaults_are_the_papers():
    head = MODELS.build(dict(type='DoubleHeadExtBBoxHead', num_roi_feats=2))
    expected = dict(fc_cls=1.4, fc_reg=0.6, conv_cls=0.5, conv_reg=2.0)
    assert head.task_weights == pytest.approx(expected)
    assert head.fusion == 'complementary'
    kinds = [type(block) for block in head.conv_branch]
    assert kinds == [BasicResBlock, NonLocal2d, Bottleneck, NonLocal2d, Bottleneck]
    # Sec. 4.1: 1.06 M (2^20) weights in a residual block, 2 M in a non-local one.
    for block, expected in zip(head.conv_branch[1:3], (2.0, 1.06), strict=True):
        weights = sum(p.numel() for p in block.parameters() if p.dim() == 4)
        assert round(weights / 2**20, 2) == expected
    assert [p.shape for p in head.fc_branch.parameters() if p.dim() == 2] == [
        (1024, 256 * 49),
        (1024, 1024),
    ]
    assert head.fc_cls.out_features == head.conv_cls.out_features == 81
    assert head.fc_reg.out_features == head.conv_reg.out_features == 320


@pytest.mark.parametrize(
    ('num_blocks', 'with_non_local', 'length'),
    [(1, True, 1), (2, True, 3), (4, True, 7), (4, False, 4)],
)
def test_number_of_blocks(num_blocks, with_non_local, length):
    head = build(num_blocks=num_blocks, with_non_local=with_non_local)
    assert len(head.conv_branch) == length
    assert head.conv_branch(feats()).shape == (6, 16, 7, 7)


def test_convolutions_before_the_fc_layers():
    head = build(num_fc_convs=2, fc_conv_channels=12)
    convs = [p.shape for p in head.fc_convs.parameters() if p.dim() == 4]
    assert convs == [(12, 8, 3, 3), (12, 12, 3, 3)]
    norms = [m for m in head.fc_convs.modules() if isinstance(m, torch.nn.BatchNorm2d)]
    assert len(norms) == 2
    assert head.fc_branch[0].in_features == 12 * 49
    outputs = run(head.eval())
    hidden = head.fc_branch(head.fc_convs(feats()).flatten(1))
    torch.testing.assert_close(outputs.fc_cls_logits, head.fc_cls(hidden))
    torch.testing.assert_close(outputs.fc_bbox_deltas, head.fc_reg(hidden))
    # The conv-head does not see them.
    conv = head.conv_branch(feats(seed=3)).mean(dim=(2, 3))
    torch.testing.assert_close(outputs.conv_cls_logits, head.conv_cls(conv))
    losses = head.train().loss(run(head, 0), *targets(0))
    sum(value for key, value in losses.items() if 'loss' in key).backward()
    assert all(p.grad is not None for p in head.fc_convs.parameters())


def test_norm_layers_are_options():
    group = dict(type='GN', num_groups=2)
    head = build(num_fc_convs=1, norm_cfg=group, fc_norm_cfg=dict(type='LN'))
    kinds = [type(m) for m in head.modules()]
    assert torch.nn.BatchNorm2d not in kinds
    assert {type(m) for m in head.fc_convs.modules()} >= {torch.nn.GroupNorm}
    assert [type(layer) for layer in head.fc_branch] == [
        torch.nn.Linear,
        torch.nn.LayerNorm,
        torch.nn.ReLU,
    ] * 2


def test_last_layers_are_options():
    head = build(cls_predictor_cfg=dict(type='NormedLinear', temperature=10))
    assert head.fc_cls.temperature == head.conv_cls.temperature == 10
    assert type(head.fc_reg) is type(head.conv_reg) is torch.nn.Linear
    assert [out.shape[1] for out in run(head)] == [4, 12, 4, 12]


def test_outputs_of_every_kind():
    shapes = [None if out is None else tuple(out.shape) for out in run(build())]
    assert shapes == [(6, 4), (6, 12), (6, 4), (6, 12)]
    agnostic = run(build(reg_class_agnostic=True))
    assert agnostic.fc_bbox_deltas.shape == agnostic.conv_bbox_deltas.shape == (6, 4)


def test_two_conv_heads():
    torch.manual_seed(0)
    head = build(lambda_fc=1.0, lambda_conv=1.0, fusion='fc', fc_head_blocks=3).eval()
    assert head.fc_branch is None
    first, second = head.fc_convs.state_dict(), head.conv_branch.state_dict()
    assert [(k, v.shape) for k, v in first.items()] == [
        (k, v.shape) for k, v in second.items()
    ]
    head.fc_convs.load_state_dict(second)
    feats = torch.randn(2, head.in_channels, 7, 7)
    outputs = head(feats, feats)
    vectors = head.conv_branch(feats).mean(dim=(2, 3))
    torch.testing.assert_close(outputs.fc_cls_logits, head.fc_cls(vectors))
    torch.testing.assert_close(outputs.conv_bbox_deltas, head.conv_reg(vectors))
    assert head.fc_reg is None
    assert head.conv_cls is None


@pytest.mark.parametrize(
    ('change', 'present'),
    [
        ({}, [True, True, True, True]),
        (DOUBLE, [True, False, False, True]),
        (REVERSED, [False, True, True, False]),
        (FC_ONLY, [True, True, False, False]),
        (CONV_ONLY, [False, False, True, True]),
        (dict(lambda_conv=1.0, fusion='fc'), [True, True, False, True]),
    ],
)
@pytest.mark.parametrize('n', [0, 1, 6])
def test_what_has_no_weight_is_not_there(change, present, n):
    head = leave_start(build(**change, fc_norm_cfg=dict(type='LN')))
    outputs = run(head, n)
    assert [out is not None for out in outputs] == present
    losses = head.loss(outputs, *targets(n))
    expected = set()
    for exists, keys in zip(
        present,
        (
            ('loss_fc_cls', 'acc_fc'),
            ('loss_fc_bbox',),
            ('loss_conv_cls', 'acc_conv'),
            ('loss_conv_bbox',),
        ),
        strict=True,
    ):
        expected.update(keys if exists else ())
    assert losses.keys() == expected
    total = sum(v for k, v in losses.items() if 'loss' in k)
    assert total.isfinite()
    total.backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad is not None, name
        # The bias of the attention's keys shifts all scores of a row alike.
        if n == 6 and not name.endswith('phi.conv.bias'):
            assert parameter.grad.abs().sum() > 0, name
    assert all(buffer.isfinite().all() for buffer in head.buffers())


def test_losses_are_those_of_the_formula():
    head = build(reg_class_agnostic=True)
    outputs = run(head)
    rois, labels, weights, box_targets, box_weights = targets()
    losses = head.loss(outputs, rois, labels, weights, box_targets, box_weights)
    positive = labels < 3

    def classes(logits):
        return F.cross_entropy(logits, labels)

    def boxes(deltas):
        difference = deltas[positive] - box_targets[positive]
        return F.smooth_l1_loss(difference, difference * 0, reduction='sum') / 6

    expected = dict(
        loss_fc_cls=2.0 * 0.7 * classes(outputs.fc_cls_logits),
        loss_fc_bbox=2.0 * 0.3 * boxes(outputs.fc_bbox_deltas),
        loss_conv_cls=2.5 * 0.2 * classes(outputs.conv_cls_logits),
        loss_conv_bbox=2.5 * 0.8 * boxes(outputs.conv_bbox_deltas),
    )
    for name, value in expected.items():
        torch.testing.assert_close(losses[name], value)


def test_accuracy_is_of_its_own_head():
    head = build()
    rois, labels, *others = targets()
    right = F.one_hot(labels, 4).float() * 9
    zeros = torch.zeros(6, 12, requires_grad=True)
    outputs = DoubleHeadOutputs(right, zeros, right.roll(1, dims=1), zeros)
    losses = head.loss(outputs, rois, labels, *others)
    assert losses['acc_fc'] == 100
    assert losses['acc_conv'] == 0


def test_no_positives_give_a_zero_box_loss():
    head = build()
    rois, labels, weights, box_targets, box_weights = targets()
    outputs = run(head)
    losses = head.loss(
        outputs,
        rois,
        torch.full_like(labels, 3),
        weights,
        box_targets * 0,
        box_weights * 0,
    )
    assert losses['loss_fc_bbox'] == losses['loss_conv_bbox'] == 0
    assert losses['loss_conv_bbox'].requires_grad


def mmdet_twin(head):
    """MMDetection's head with the weights of ``head``."""
    twin = MODELS.build(
        dict(
            type='DoubleConvFCBBoxHead',
            num_convs=2,
            num_fcs=2,
            in_channels=8,
            num_classes=3,
            conv_out_channels=16,
            fc_out_channels=16,
            loss_cls=dict(type='CrossEntropyLoss', loss_weight=2.0),
            loss_bbox=dict(type='SmoothL1Loss', loss_weight=2.5),
        )
    )
    names = {
        'fc_branch.0': 'fc_branch.0',
        'fc_branch.2': 'fc_branch.1',
        'conv_branch.0': 'res_block',
        'conv_branch.1': 'conv_branch.0',
        'conv_branch.2': 'conv_branch.1',
        'conv_reg': 'fc_reg',
        'fc_cls': 'fc_cls',
    }
    state = {}
    for name, value in head.state_dict().items():
        (start,) = (own for own in names if name.startswith(f'{own}.'))
        state[names[start] + name[len(start) :]] = value
    twin.load_state_dict(state)
    return twin


def test_plain_double_head_equals_mmdets():
    head = build(**DOUBLE, with_non_local=False)
    torch.nn.init.normal_(head.conv_reg.weight)
    torch.nn.init.normal_(head.fc_cls.weight)
    twin = mmdet_twin(head)
    outputs = run(head)
    logits, deltas = twin(feats(), feats(seed=3))
    torch.testing.assert_close(outputs.fc_cls_logits, logits)
    torch.testing.assert_close(outputs.conv_bbox_deltas, deltas)
    rois, *others = targets()
    losses = head.loss(outputs, rois, *others)
    expected = twin.loss(logits, deltas, rois, *others)
    torch.testing.assert_close(losses['loss_fc_cls'], expected['loss_cls'])
    torch.testing.assert_close(losses['loss_conv_bbox'], expected['loss_bbox'])
    torch.testing.assert_close(losses['acc_fc'], expected['acc'])
    for cfg in (TEST_CFG, None):
        ours = head.predict_by_feat(
            (rois,),
            (head.class_scores(outputs),),
            (head.box_deltas(outputs),),
            [META],
            cfg,
            rescale=True,
        )[0]
        theirs = twin.predict_by_feat(
            (rois,), (logits,), (deltas,), [META], cfg, rescale=True
        )[0]
        assert len(ours) == len(theirs) > 0
        for key, value in theirs.items():
            torch.testing.assert_close(ours[key], value)


def test_state_dict_round_trip():
    head, other = leave_start(build()).eval(), build(init_cfg=[]).eval()
    torch.manual_seed(5)
    for parameter in other.parameters():
        torch.nn.init.normal_(parameter)
    other.load_state_dict(head.state_dict())
    for a, b in zip(run(head), run(other), strict=True):
        torch.testing.assert_close(a, b)


def test_bfloat16_autocast():
    head = build()
    with torch.autocast('cpu', torch.bfloat16):
        outputs = run(head)
        losses = head.loss(outputs, *targets())
    assert all(out.dtype == torch.float32 for out in outputs)
    assert all(value.isfinite().all() for value in losses.values())


@pytest.mark.parametrize(
    ('change', 'message'),
    [
        (dict(lambda_fc=1.2), r'lambda_fc must be in \[0, 1\], got 1.2'),
        (dict(fusion='sum'), "fc, conv, max, average, complementary, got 'sum'"),
        (dict(with_reg=False), 'has no with_reg: the weights of the losses say'),
        (dict(with_cls=False), 'has no with_cls: the weights of the losses say'),
        (dict(num_fcs=0), 'num_fcs must be at least 1, got 0'),
        (dict(num_fc_convs=-1), 'num_fc_convs must not be negative, got -1'),
        (dict(num_blocks=0), 'num_blocks must be at least 1, got 0'),
        (dict(conv_out_channels=18), 'multiple of 4, got 18'),
    ],
)
def test_errors(change, message):
    with pytest.raises(ValueError, match=message):
        build(**change)


def test_other_roi_heads_are_told_which_one_they_need():
    with pytest.raises(TypeError, match='its conv-head, which only DoubleHeadExtRoIHe'):
        build()(feats())
    with pytest.raises(TypeError, match='its fc-head, which only DoubleHeadExtRoIHead'):
        build()(None, feats())


def test_outputs_by_head():
    outputs = run(build())
    fc, conv = outputs.by_head['fc'], outputs.by_head['conv']
    assert fc.cls_logits is outputs.fc_cls_logits
    assert fc.bbox_deltas is outputs.fc_bbox_deltas
    assert conv.cls_logits is outputs.conv_cls_logits
    assert conv.bbox_deltas is outputs.conv_bbox_deltas
