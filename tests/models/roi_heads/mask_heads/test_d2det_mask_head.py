import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.mask import BitmapMasks, PolygonMasks

from mmdet_plus.models.roi_heads.mask_heads import d2det_mask_head
from mmdet_plus.models.roi_heads.mask_heads.mask_targets import bitmaps_of

LABELS = torch.tensor([2, 0, 1])
BOXES = torch.tensor([[0.0, 0, 28, 28], [4, 4, 32, 32], [20, 0, 48, 28]])


def build(**kwargs):
    torch.manual_seed(0)
    cfg = dict(
        type='D2DetMaskHead',
        in_channels=6,
        conv_out_channels=8,
        norm_cfg=dict(type='GN', num_groups=2),
        fc_out_channels=10,
        num_classes=3,
    )
    head = MODELS.build({**cfg, **kwargs})
    head.init_weights()
    return head


@pytest.fixture
def local_feats():
    torch.manual_seed(1)
    return torch.randn(3, 6, 7, 7)


def targets(first=0, last=14):
    masks = torch.zeros(3, 28, 28, dtype=torch.bool)
    masks[:, first:last] = True
    return masks, torch.full((3,), 392.0)


def test_shapes_and_defaults(local_feats):
    head = build()
    logits = head(local_feats)
    assert logits.shape == (3, 3, 28, 28)
    assert head.score_masks(local_feats, logits, LABELS).shape == (3,)
    default = MODELS.build(dict(type='D2DetMaskHead'))
    assert default.first_upsample.conv.weight.shape == (576, 256, 2, 2)
    assert default.first_upsample.norm.num_groups == 16
    assert default.upsample.weight.shape == (256, 256, 2, 2)
    assert default.conv_logits.weight.shape == (80, 256, 3, 3)
    assert default.mask_scorer[0].in_features == 577 * 49
    assert default.loss_mask.loss_weight == 1.0
    assert default.loss_mask_iou.loss_weight == 0.5
    assert default.mask_score_weight == 0.3


def test_every_parameter_learns(local_feats):
    head = build()
    head.min_scored_iou = -1
    local_feats.requires_grad_()
    losses = head.loss(local_feats, BOXES, LABELS, targets())
    assert losses.keys() == {'loss_mask', 'loss_mask_iou'}
    sum(losses.values()).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
    assert (local_feats.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def test_mask_loss_is_that_of_the_ground_truth_class(local_feats):
    head = build()
    logits = head(local_feats)
    masks, _ = targets()
    losses = head.loss(local_feats, BOXES, LABELS, targets())
    own = torch.stack([logits[i, label] for i, label in enumerate(LABELS)])
    expected = torch.nn.functional.binary_cross_entropy_with_logits(own, masks.float())
    torch.testing.assert_close(losses['loss_mask'], expected)


def test_mask_score_learns_the_iou_of_masks_good_enough(local_feats):
    head = build()
    logits = torch.full((3, 3, 28, 28), -5.0)
    logits[0, 2, 0:14] = 5  # IoU 1
    logits[1, 0, 7:14] = 5  # IoU 1 / 2
    logits[2, 1, 0:1] = 5  # IoU 1 / 14: too bad to train on
    head.forward = lambda feats: logits
    losses = head.loss(local_feats, BOXES, LABELS, targets())
    scores = head.score_masks(local_feats, logits, LABELS)
    expected = 0.5 * ((scores[0] - 1) ** 2 + (scores[1] - 0.5) ** 2) / 2
    torch.testing.assert_close(losses['loss_mask_iou'], expected)
    none = head.loss(local_feats, BOXES, LABELS, targets(20, 28))
    assert none['loss_mask_iou'] == 0


def test_scores_read_the_mask_of_the_class_and_do_not_train_it(local_feats):
    head = build()
    logits = head(local_feats)
    scores = head.score_masks(local_feats, logits, LABELS)
    (gradient,) = torch.autograd.grad(scores.sum(), logits, allow_unused=True)
    assert gradient is None
    other, own = logits.clone(), logits.clone()
    other[0, 0] += 3
    own[0, 2] += 3
    assert torch.equal(head.score_masks(local_feats, other, LABELS), scores)
    assert not torch.equal(head.score_masks(local_feats, own, LABELS)[0], scores[0])
    changed = head.score_masks(local_feats, logits, torch.tensor([1, 0, 1]))
    assert changed[0] != scores[0]
    torch.testing.assert_close(changed[1:], scores[1:])


def test_score_is_the_formula(local_feats):
    head = build()
    logits = head(local_feats)
    masks = torch.stack([logits[i, label] for i, label in enumerate(LABELS)]).sigmoid()
    pooled = masks.reshape(3, 7, 4, 7, 4).amax(dim=(2, 4))
    inputs = torch.cat([local_feats, pooled[:, None]], dim=1).flatten(1)
    expected = head.mask_scorer(inputs)[torch.arange(3), LABELS]
    torch.testing.assert_close(head.score_masks(local_feats, logits, LABELS), expected)


def test_overlap_equals_the_loop():
    torch.manual_seed(2)
    masks = torch.rand(4, 28, 28) > 0.4
    overlap = build().overlap_targets(masks)
    for n, i, j in np.ndindex(4, 7, 7):
        # Bilinear at the centre of the cell is the mean of the four pixels around it.
        around = masks[n, 4 * i + 1 : 4 * i + 3, 4 * j + 1 : 4 * j + 3]
        assert overlap[n, i, j] == (around.float().mean() > 0.5)
    assert build().overlap_targets(masks[:0]).shape == (0, 7, 7)


def test_targets_of_images_follow_each_other():
    bitmap = np.zeros((2, 40, 60), dtype=np.uint8)
    bitmap[0, 0:14, 0:28] = 1
    bitmap[1, 4:32, 4:18] = 1
    square = np.array([20.0, 0, 48, 0, 48, 28, 20, 28])
    polygons = PolygonMasks([[square]], 40, 60)
    empty = BitmapMasks([], 40, 60)
    none = torch.empty(0, 4)
    index = [torch.tensor([1, 0]), torch.empty(0).long(), torch.tensor([0])]
    masks, areas = build().get_targets(
        [BOXES[[1, 0]], none, BOXES[2:]],
        index,
        [BitmapMasks(bitmap, 40, 60), empty, polygons],
    )
    assert masks.shape == (3, 28, 28)
    assert areas.tolist() == [392.0, 392.0, 784.0]
    assert torch.equal(masks[0], (torch.arange(28) < 14).expand(28, 28))
    assert torch.equal(masks[1], (torch.arange(28) < 14)[:, None].expand(28, 28))
    assert masks[2].all()


@pytest.mark.parametrize('polygons', [False, True])
def test_only_instances_that_rois_look_at_are_drawn(polygons, monkeypatch):
    corners = [(0, 0, 28, 28), (5, 5, 40, 40), (20, 0, 48, 14)]
    instances = PolygonMasks(
        [[np.array([a, b, c, b, c, d, a, d], float)] for a, b, c, d in corners], 40, 60
    )
    instances = instances if polygons else instances.to_bitmap()
    drawn = []

    def remember(masks, device):
        drawn.append(len(masks))
        return bitmaps_of(masks, device)

    monkeypatch.setattr(d2det_mask_head, 'bitmaps_of', remember)
    none, index = torch.empty(0, 4), torch.tensor([2, 0, 2])
    boxes = torch.stack([BOXES[2], BOXES[0], BOXES[0]])
    masks, areas = build().get_targets(
        [boxes, none], [index, index[:0]], [instances, instances]
    )
    assert drawn == [2, 0]
    assert areas.tolist() == [392.0, 784.0, 392.0]
    assert torch.equal(masks[0], (torch.arange(28) < 14)[:, None].expand(28, 28))
    assert masks[1].all()


def test_no_rois_keep_the_gradient_path():
    head = build()
    labels = torch.empty(0, dtype=torch.long)
    none = torch.empty(0, 28, 28, dtype=torch.bool), torch.empty(0)
    losses = head.loss(torch.empty(0, 6, 7, 7), torch.empty(0, 4), labels, none)
    assert all(value == 0 for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_one_mask_for_all_classes(local_feats):
    head = build(class_agnostic=True)
    logits = head(local_feats)
    assert logits.shape == (3, 1, 28, 28)
    losses = head.loss(local_feats, BOXES, LABELS, targets())
    assert all(value > 0 for value in losses.values())


def test_released_models_have_a_bias_before_the_norm_and_pad_the_rated_masks(
    local_feats,
):
    assert build().first_upsample.conv.bias is None
    head = build(upsample_bias=True, score_pool_padding=1)
    conv, norm = head.first_upsample.conv, head.first_upsample.norm
    torch.nn.init.normal_(conv.bias)
    expected = torch.relu(norm(conv(local_feats)))
    assert torch.equal(head.first_upsample(local_feats), expected)
    # The last row and column of a mask are never seen: windows are -1..2, 3..6, ...
    logits = torch.randn(len(local_feats), head.num_classes, 28, 28)
    labels = torch.zeros(len(local_feats), dtype=torch.long)
    scores = head.score_masks(local_feats, logits, labels)
    logits[:, :, 27] = 100
    logits[:, :, :, 27] = 100
    assert torch.equal(head.score_masks(local_feats, logits, labels), scores)
    logits[:, :, 26, 26] = 100
    assert not torch.equal(head.score_masks(local_feats, logits, labels), scores)
