import pytest
import torch
from mmcv.ops import roi_align
from mmdet.registry import MODELS
from mmdet.structures.bbox import bbox_overlaps

import mmdet_plus  # noqa: F401
from mmdet_plus.models.roi_heads.bbox_heads.dense_local_regression_head import (
    DenseLocalPredictions,
    overlap_targets,
)

PROPOSALS = torch.tensor([[0.0, 0, 70, 70], [10, 20, 80, 160]])
GTS = torch.tensor([[20.0, 0, 60, 70], [10, 20, 80, 160]])


def build(**kwargs):
    torch.manual_seed(0)
    config = dict(
        type='DenseLocalRegressionHead',
        in_channels=8,
        num_convs=2,
        conv_channels=12,
        norm_cfg=dict(type='GN', num_groups=3),
    )
    head = MODELS.build({**config, **kwargs})
    head.init_weights()
    return head


def wake(head):
    """Output convolutions that predict something else than nearly zero."""
    torch.nn.init.normal_(head.offset_conv.weight, std=0.1)
    torch.nn.init.constant_(head.offset_conv.bias, 0.5)
    if head.overlap_conv is not None:
        torch.nn.init.normal_(head.overlap_conv.weight, std=0.1)
    return head


@pytest.fixture
def roi_feats():
    torch.manual_seed(1)
    return torch.randn(2, 8, 14, 14)


def test_shapes_and_range(roi_feats):
    local_feats, offsets, overlap = wake(build())(roi_feats)
    assert local_feats.shape == (2, 12, 7, 7)
    assert offsets.shape == (2, 4, 7, 7)
    assert overlap.shape == (2, 7, 7)
    assert offsets.min() == 0  # ReLU
    assert offsets.max() > 0


def test_published_widths_are_the_defaults():
    head = MODELS.build(dict(type='DenseLocalRegressionHead'))
    assert len(head.convs) == 8
    assert head.convs[0].conv.stride == (2, 2)
    assert all(c.conv.stride == (1, 1) for c in head.convs[1:])
    assert all(c.conv.out_channels == 576 for c in head.convs)
    assert all(c.norm.num_groups == 36 for c in head.convs)
    head.init_weights()
    for conv in (head.offset_conv, head.overlap_conv):
        assert conv.weight.std().item() == pytest.approx(0.001, rel=0.1)


def naive_overlap(proposal, gt, margin):
    x1, y1, x2, y2 = proposal.tolist()
    width, height = x2 - x1, y2 - y1
    rows = []
    for i in range(7):
        row = []
        for j in range(7):
            x, y = x1 + (j + 0.5) / 7 * width, y1 + (i + 0.5) / 7 * height
            row.append(
                gt[0] + margin * width <= x <= gt[2] - margin * width
                and gt[1] + margin * height <= y <= gt[3] - margin * height
            )
        rows.append(row)
    return torch.tensor(rows)


@pytest.mark.parametrize(('rule', 'margin'), [('paper', 0), ('released', 1 / 6)])
def test_overlap_targets_equal_the_loop(rule, margin):
    torch.manual_seed(0)
    corners = torch.rand(50, 2) * 100
    proposals = torch.cat([corners, corners + 20 + torch.rand(50, 2) * 80], 1).double()
    gts = proposals + torch.randn(50, 4) * 15
    _, inside = build(overlap_margin=rule).get_targets(proposals, gts)
    want = torch.stack(
        [naive_overlap(p, g, margin) for p, g in zip(proposals, gts, strict=True)]
    )
    assert torch.equal(inside, want)
    assert 0.05 < want.float().mean() < 0.95


def test_perfect_proposal_has_a_border_of_background_cells():
    _, inside = build().get_targets(PROPOSALS[1:], GTS[1:])
    want = torch.zeros(1, 7, 7, dtype=torch.bool)
    want[:, 1:-1, 1:-1] = True
    assert torch.equal(inside, want)


def test_overlap_distinguishes_x_from_y():
    centres = torch.zeros(1, 2, 1, 1)
    centres[:, 0], centres[:, 1] = 5, 50
    box = torch.tensor([[0.0, 40, 10, 60]])
    assert overlap_targets(centres, box, torch.zeros(1, 2)).all()
    assert not overlap_targets(centres, box.flip(1), torch.zeros(1, 2)).any()


def test_loss_values(roi_feats):
    head = wake(build())
    predictions = head(roi_feats)
    _, offsets, logits = predictions
    targets, inside = head.get_targets(PROPOSALS, GTS)
    decoded = head.bbox_coder.decode(PROPOSALS, offsets)
    ious = bbox_overlaps(
        decoded.permute(0, 2, 3, 1).reshape(-1, 4),
        targets.permute(0, 2, 3, 1).reshape(-1, 4),
        is_aligned=True,
    )
    # As released: a floor; masked cells count in the denominator.
    floored = torch.where(ious <= 0.1, ious + 0.1, ious)
    want_bbox = 2 * (-floored.log() * inside.flatten()).sum() / 98
    probabilities = logits.sigmoid()
    want_overlap = -torch.where(inside, probabilities, 1 - probabilities).log().mean()
    losses = head.loss(predictions, PROPOSALS, GTS)
    torch.testing.assert_close(losses['loss_bbox'], want_bbox)
    torch.testing.assert_close(losses['loss_overlap'], want_overlap)
    assert 0 < inside.sum() < 98


def test_the_loss_of_the_paper(roi_feats):
    log_iou = dict(type='IoULoss', mode='log', loss_weight=2.0)
    head = wake(build(loss_bbox=log_iou, overlap_margin='paper'))
    predictions = head(roi_feats)
    _, inside = head.get_targets(PROPOSALS, GTS)
    decoded = head.bbox_coder.decode(PROPOSALS, predictions.offsets)
    ious = bbox_overlaps(
        decoded.permute(0, 2, 3, 1).reshape(-1, 4),
        GTS.repeat_interleave(49, 0),
        is_aligned=True,
    ).clamp(min=1e-6)
    expected = 2 * (-ious.log() * inside.flatten()).sum() / 98
    loss = head.loss(predictions, PROPOSALS, GTS)['loss_bbox']
    torch.testing.assert_close(loss, expected)


def test_the_first_gradient_is_small():
    # Predictions start at zero, so boxes are points and IoUs are zero.
    gradients = []
    for loss in (None, dict(type='IoULoss', mode='log', loss_weight=2.0)):
        head = build(loss_bbox=loss)
        torch.manual_seed(3)
        predictions = head(torch.randn(2, 8, 14, 14))
        head.loss(predictions, PROPOSALS, GTS)['loss_bbox'].backward()
        gradients.append(head.offset_conv.weight.grad.norm())
    assert gradients[0] < gradients[1] / 20


def test_a_grid_as_fine_as_the_roi_feature():
    head = wake(build(first_stride=1, roi_feat_size=7))
    roi_feats = torch.randn(2, 8, 7, 7)
    predictions = head(roi_feats)
    assert predictions.local_feats.shape == (2, 12, 7, 7)
    assert predictions.offsets.shape == (2, 4, 7, 7)
    assert all(conv.conv.stride == (1, 1) for conv in head.convs)
    assert head.predict_by_feat(predictions, PROPOSALS).shape == (2, 4)


def test_cells_outside_carry_no_box_loss(roi_feats):
    head = wake(build())
    predictions = head(roi_feats)
    offsets = predictions.offsets
    offsets.retain_grad()
    head.loss(predictions, PROPOSALS, GTS)['loss_bbox'].backward()
    _, inside = head.get_targets(PROPOSALS, GTS)
    reached = offsets.grad.abs().sum(1) > 0
    assert not (reached & ~inside).any()
    assert reached.any()


def test_without_overlap_predictor_all_cells_count(roi_feats):
    head = wake(build(predict_overlap=False))
    predictions = head(roi_feats)
    losses = head.loss(predictions, PROPOSALS, GTS)
    assert losses.keys() == {'loss_bbox'}
    _, offsets, overlap = predictions
    assert overlap is None
    decoded = head.bbox_coder.decode(PROPOSALS, offsets)
    torch.testing.assert_close(
        head.predict_by_feat(predictions, PROPOSALS), decoded.mean((2, 3))
    )
    ious = bbox_overlaps(
        decoded.permute(0, 2, 3, 1).reshape(-1, 4),
        GTS.repeat_interleave(49, 0),
        is_aligned=True,
    )
    floored = torch.where(ious <= 0.1, ious + 0.1, ious)
    torch.testing.assert_close(losses['loss_bbox'], -2 * floored.log().mean())


def test_every_parameter_learns(roi_feats):
    head = wake(build())
    sum(head.loss(head(roi_feats), PROPOSALS, GTS).values()).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_no_positives_keep_keys_and_graph():
    head = build()
    none = torch.empty(0, 4)
    losses = head.loss(head(torch.empty(0, 8, 14, 14)), none, none)
    assert losses.keys() == {'loss_bbox', 'loss_overlap'}
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in head.parameters())
    assert sum(losses.values()) == 0


def test_box_is_the_mean_over_inside_cells():
    head = build()
    offsets = head.bbox_coder.encode(PROPOSALS, GTS)
    offsets[:, :, 0, :] = 100.0  # nonsense where the overlap says background
    logits = torch.full((2, 7, 7), 0.1)  # sigmoid(0) is the threshold of 0.5
    logits[:, 0, :] = -0.1
    predictions = DenseLocalPredictions(None, offsets, logits)
    torch.testing.assert_close(head.predict_by_feat(predictions, PROPOSALS), GTS)


def test_no_inside_cell_keeps_the_proposal():
    head = build()
    offsets = head.bbox_coder.encode(PROPOSALS, GTS)
    logits = torch.full((2, 7, 7), -3.0)
    logits[0] = 3.0
    predictions = DenseLocalPredictions(None, offsets, logits)
    boxes = head.predict_by_feat(predictions, PROPOSALS)
    torch.testing.assert_close(boxes, torch.stack([GTS[0], PROPOSALS[1]]))


@pytest.mark.parametrize('predict_overlap', [False, True])
def test_thin_boxes_do_not_turn_over(predict_overlap):
    torch.manual_seed(0)
    corner = torch.rand(1000, 2) * 600
    boxes = torch.cat([corner, corner + torch.rand(1000, 2) * 1e-4], dim=1)
    boxes[500:] = boxes[500:, [2, 3, 0, 1]]  # whoever proposed them rounds, too
    # Means of two sides may be summed in different orders: as if a little negative.
    offsets = torch.rand(1000, 4, 7, 7) * 0.1 - 0.2
    logits = torch.randn(1000, 1, 1).expand(-1, 7, 7) if predict_overlap else None
    predictions = DenseLocalPredictions(None, offsets, logits)
    found = build(predict_overlap=predict_overlap).predict_by_feat(predictions, boxes)
    assert (found[:, 2:] >= found[:, :2]).all()
    assert (found[:, :2] - corner).abs().max() < 1e-3
    # RoIAlign ends the process where a size is negative.
    rois = torch.cat([torch.zeros(1000, 1), found], dim=1)
    assert roi_align(torch.ones(1, 1, 9, 9), rois, 7, 1 / 64).isfinite().all()


def test_outputs_are_float32_under_autocast(roi_feats):
    with torch.autocast('cpu', torch.bfloat16):
        _, offsets, overlap = build()(roi_feats)
    assert offsets.dtype == torch.float32
    assert overlap.dtype == torch.float32


def test_a_few_steps_find_the_box(roi_feats):
    head = build()
    optimizer = torch.optim.Adam(head.parameters(), lr=0.01)
    for _ in range(150):
        optimizer.zero_grad()
        sum(head.loss(head(roi_feats), PROPOSALS, GTS).values()).backward()
        optimizer.step()
    boxes = head.predict_by_feat(head(roi_feats), PROPOSALS)
    assert bbox_overlaps(boxes, GTS, is_aligned=True).min() > 0.9


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match=r'overlap_margin.*exact'):
        build(overlap_margin='exact')
    with pytest.raises(ValueError, match=r'roi_feat_size.*15'):
        build(roi_feat_size=15)


def test_state_dict_round_trip(roi_feats):
    head = wake(build())
    other = build()
    other.load_state_dict(head.state_dict())
    torch.testing.assert_close(other(roi_feats), head(roi_feats))
