import math

import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.grid_heads.point_grid_head import GridPredictions

BBOXES = torch.tensor([[10.0, 10, 66, 66], [20, 30, 80, 150]])
GTS = torch.tensor([[20.0, 12, 60, 70], [22, 40, 70, 140]])


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='PointGridHead',
        in_channels=8,
        num_convs=2,
        point_channels=4,
        norm_cfg=dict(type='GN', num_groups=6),
    )
    head = MODELS.build({**config, **kwargs})
    head.init_weights()
    return head


@pytest.fixture
def roi_feats():
    torch.manual_seed(1)
    return torch.randn(2, 8, 14, 14)


def test_published_widths_are_the_defaults():
    head = MODELS.build(dict(type='PointGridHead'))
    assert len(head.convs) == 8
    assert head.convs[0].conv.stride == (2, 2)
    assert all(c.conv.stride == (1, 1) for c in head.convs[1:])
    assert all(c.conv.out_channels == 576 for c in head.convs)
    assert all(c.norm.num_groups == 36 for c in head.convs)
    assert head.deconv.groups == head.heatmap_deconv.groups == 9
    assert head.deconv_norm.num_groups == 9
    assert head.deconv.out_channels == 576
    assert head.loss_grid.loss_weight == 15
    head.init_weights()
    assert head.heatmap_deconv.weight.std().item() == pytest.approx(0.001, rel=0.1)
    assert head.heatmap_deconv.bias.tolist() == pytest.approx([-math.log(99)] * 9)


def test_shapes(roi_feats):
    local_feats, heatmaps = build()(roi_feats)
    assert local_feats.shape == (2, 36, 7, 7)
    assert heatmaps.shape == (2, 9, 28, 28)
    four = build(grid_size=2, norm_cfg=dict(type='GN', num_groups=4))
    assert four(roi_feats).heatmap_logits.shape == (2, 4, 28, 28)
    eight = build(roi_feat_size=8)(roi_feats[:, :, :8, :8])
    assert eight.heatmap_logits.shape == (2, 9, 16, 16)


def moved_by_third_point(head, roi_feats):
    """How much each heat map changes with the channels of the third point."""
    before = head(roi_feats).heatmap_logits
    change = torch.zeros(36, 1, 1)
    change[8:12] = 1
    head.convs.register_forward_hook(lambda _, inputs, feats: feats + change)
    return (head(roi_feats).heatmap_logits - before).abs()


def test_points_have_channels_of_their_own(roi_feats):
    head = build()
    moved = moved_by_third_point(head, roi_feats)
    assert (moved.amax((0, 2, 3)) > 0).nonzero().flatten().tolist() == [2]


def test_fused_points_do_not(roi_feats):
    head = build(fuse_points=True)
    moved = moved_by_third_point(head, roi_feats)
    assert (moved.amax((0, 2, 3)) > 0).sum() == 6  # itself, 2 and 3 steps away


def test_loss_value(roi_feats):
    head = build(mapping_ratio=1.5)
    targets, valid = head.get_targets(BBOXES, GTS)
    assert valid.all()
    assert targets.sum() > 30
    probabilities = head(roi_feats).heatmap_logits.sigmoid()
    entropy = -torch.where(targets > 0, probabilities, 1 - probabilities).log()
    loss = head.loss(head(roi_feats), BBOXES, GTS)['loss_grid']
    torch.testing.assert_close(loss, 15 * entropy.mean())


def test_targets_depend_on_the_mapping_ratio():
    wide, _ = build(mapping_ratio=2.0).get_targets(BBOXES, BBOXES)
    narrow, _ = build(mapping_ratio=1.25).get_targets(BBOXES, BBOXES)
    assert wide[0, 0].nonzero().float().mean(0).tolist() == [14, 14]
    # The RoI starts at a tenth of the map.
    assert narrow[0, 0].nonzero().float().mean(0).tolist() == [5, 5]


def test_small_rois_carry_no_loss(roi_feats):
    head = build()
    small = BBOXES.clone()
    small[0, 2] = small[0, 0] + 2.5
    torch.testing.assert_close(
        head.loss(head(roi_feats), small, GTS)['loss_grid'],
        head.loss(head(roi_feats[1:]), BBOXES[1:], GTS[1:])['loss_grid'],
    )
    nothing = head.loss(head(roi_feats), small[[0, 0]], GTS)['loss_grid']
    assert nothing == 0
    nothing.backward()
    assert all(p.grad is not None for p in head.parameters())


@pytest.mark.parametrize('fuse_points', [False, True])
def test_every_parameter_learns(roi_feats, fuse_points):
    head = build(fuse_points=fuse_points)
    head.loss(head(roi_feats), BBOXES, GTS)['loss_grid'].backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_no_positives_keep_keys_and_graph():
    head = build()
    none = torch.empty(0, 4)
    losses = head.loss(head(torch.empty(0, 8, 14, 14)), none, none)
    assert losses.keys() == {'loss_grid'}
    losses['loss_grid'].backward()
    assert losses['loss_grid'] == 0
    assert all(p.grad is not None for p in head.parameters())


def test_boxes_contain_the_centres_of_their_rois():
    torch.manual_seed(3)
    predictions = GridPredictions(None, torch.randn(2, 9, 28, 28))
    boxes = build().predict_by_feat(predictions, BBOXES)
    centres = (BBOXES[:, :2] + BBOXES[:, 2:]) / 2
    assert (boxes[:, :2] < centres).all()
    assert (boxes[:, 2:] > centres).all()


def test_outputs_are_float32_under_autocast(roi_feats):
    head = build(fuse_points=True)
    with torch.autocast('cpu', torch.bfloat16):
        predictions = head(roi_feats)
        loss = head.loss(predictions, BBOXES, GTS)['loss_grid']
    assert predictions.heatmap_logits.dtype == loss.dtype == torch.float32
    assert loss.isfinite()


def test_a_few_steps_find_the_box(roi_feats):
    head = build()
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(60):
        optimizer.zero_grad()
        head.loss(head(roi_feats), BBOXES, GTS)['loss_grid'].backward()
        optimizer.step()
    boxes = head.predict_by_feat(head(roi_feats), BBOXES)
    # The RoIs have 0.66. All cells of the disc are right, so a cell may be missing.
    assert bbox_overlaps(boxes, GTS, is_aligned=True).min() > 0.85


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r'grid_size.*1'):
        build(grid_size=1)
    with pytest.raises(ValueError, match=r'mapping_ratio.*0\.5'):
        build(mapping_ratio=0.5)
    with pytest.raises(ValueError, match=r'roi_feat_size.*15'):
        build(roi_feat_size=15)


def test_state_dict_round_trip(roi_feats):
    head, other = build(), build()
    for parameter in head.parameters():
        torch.nn.init.normal_(parameter, std=0.1)
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(roi_feats), head(roi_feats))


def test_released_models_have_a_bias_before_the_norm(roi_feats):
    assert build().convs[0].conv.bias is None
    head = build(conv_bias=True)
    for layer in head.convs:
        torch.nn.init.normal_(layer.conv.bias)
    expected = roi_feats
    for layer in head.convs:
        expected = torch.relu(layer.norm(layer.conv(expected)))
    torch.testing.assert_close(head.convs(roi_feats), expected)
