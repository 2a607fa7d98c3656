import pytest
import torch
from mmcv.cnn import NonLocal2d
from samples.double_head import build, feats

from mmdet_plus.models.roi_heads.bbox_heads.task_head import (
    TaskHead,
    build_blocks,
    build_convs,
    build_fcs,
)

BN = dict(type='BN')


def linear(in_features, out_features):
    torch.manual_seed(4)
    return torch.nn.Linear(in_features, out_features)


def test_vectors_are_averages_of_maps_without_fcs():
    classifier = linear(8, 4)
    head = TaskHead(torch.nn.ReLU(), None, classifier, None)
    logits, deltas = head.predict(feats())
    expected = classifier(feats().clamp(min=0).flatten(2).mean(dim=2))
    torch.testing.assert_close(logits, expected)
    assert deltas is None


def test_vectors_are_of_flattened_maps_with_fcs():
    fcs, regressor = linear(8 * 49, 16), linear(16, 12)
    head = TaskHead(torch.nn.Identity(), fcs, None, regressor)
    logits, deltas = head.predict(feats())
    assert logits is None
    torch.testing.assert_close(deltas, regressor(fcs(feats().flatten(1))))


def test_predictions_are_float32():
    head = TaskHead(torch.nn.Identity(), None, linear(8, 4), linear(8, 12)).predict
    with torch.autocast('cpu', torch.bfloat16):
        assert {out.dtype for out in head(feats())} == {torch.float32}


def test_it_uses_the_layers_that_the_box_head_has_now():
    head = build().eval()
    head.conv_cls = linear(16, 7)
    own = head.task_heads['conv']
    expected = head.conv_cls(head.conv_branch(feats()).mean(dim=(2, 3)))
    torch.testing.assert_close(own.predict(feats()).cls_logits, expected)
    torch.testing.assert_close(head(feats(), feats()).conv_cls_logits, expected)


def test_layers_have_one_name_each():
    names = {name.split('.')[0] for name in build(num_fc_convs=1).state_dict()}
    assert names == {
        *('fc_convs', 'fc_branch', 'fc_cls', 'fc_reg'),
        *('conv_branch', 'conv_cls', 'conv_reg'),
    }


@pytest.mark.parametrize('groups', [None, 2])
def test_blocks_take_no_rois_and_still_train(groups):
    blocks = build_blocks(8, 2, 16, BN, dict(groups=groups)).eval()
    assert isinstance(blocks[1], NonLocal2d)
    maps = blocks(feats(0))
    assert maps.shape == (0, 16, 7, 7)
    maps.sum().backward()
    assert all(p.grad is not None for p in blocks.parameters())


def test_blocks_follow_each_other():
    blocks = build_blocks(8, 2, 16, BN, None).eval()
    first, second = blocks
    torch.testing.assert_close(blocks(feats()), second(first(feats())))


def test_convs_and_fcs_of_no_and_of_two_layers():
    assert len(build_convs(8, 0, 12, BN)) == 0
    convs = build_convs(8, 2, 12, BN)
    assert [(c.in_channels, c.out_channels) for c in convs] == [(8, 12), (12, 12)]
    fcs = build_fcs(20, 2, 16, dict(type='LN'))
    assert [(fc.in_features, fc.out_features) for fc in fcs[::3]] == [
        (20, 16),
        (16, 16),
    ]
    assert isinstance(fcs[1], torch.nn.LayerNorm)


def test_batch_norm_of_fcs_takes_one_roi():
    fcs = build_fcs(20, 2, 16, dict(type='BN1d')).train()
    with pytest.warns(UserWarning, match='one value per channel'):
        fcs(torch.randn(1, 20)).sum().backward()
    assert all(parameter.grad.isfinite().all() for parameter in fcs.parameters())
