import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures.mask import BitmapMasks, PolygonMasks
from mmengine.config import ConfigDict
from mmengine.structures import InstanceData

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


def loss_of(head, local_feats, target):
    return head.loss(head(local_feats, LABELS), BOXES, target)


def test_shapes_and_defaults(local_feats):
    mask_logits, ious = build()(local_feats, LABELS)
    assert mask_logits.shape == (3, 28, 28)
    assert ious.shape == (3,)
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
    losses = loss_of(head, local_feats, targets())
    assert losses.keys() == {'loss_mask', 'loss_mask_iou'}
    sum(losses.values()).backward()
    for name, parameter in head.named_parameters():
        assert parameter.grad.abs().sum() > 0, name
    assert (local_feats.grad.abs().sum(dim=(1, 2, 3)) > 0).all()


def all_masks(head, local_feats):
    """The mask logits of all classes, as an ordinary mask head predicts them."""
    feats = head.relu(head.upsample(head.first_upsample(local_feats)))
    return head.conv_logits(feats)


def test_masks_are_those_of_the_class(local_feats):
    head = build()
    every = all_masks(head, local_feats)
    own = torch.stack([every[i, label] for i, label in enumerate(LABELS)])
    mask_logits = head(local_feats, LABELS).mask_logits
    torch.testing.assert_close(mask_logits, own)
    # And so are their gradients.
    weights = torch.randn_like(own)
    parameters = list(head.conv_logits.parameters())
    expected = torch.autograd.grad((own * weights).sum(), parameters)
    found = torch.autograd.grad((mask_logits * weights).sum(), parameters)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize('kernel_size', [1, 3, 5])
def test_one_channel_of_a_convolution(kernel_size):
    conv = torch.nn.Conv2d(5, 4, kernel_size, padding=kernel_size // 2)
    feats, channels = torch.randn(6, 5, 7, 9), torch.tensor([3, 0, 0, 1, 2, 3])
    torch.testing.assert_close(
        d2det_mask_head.convolve_to_channel(feats, conv, channels),
        conv(feats)[torch.arange(6), channels],
    )


def test_mask_loss_is_the_cross_entropy(local_feats):
    head = build()
    masks, _ = targets()
    logits = head(local_feats, LABELS).mask_logits
    expected = torch.nn.functional.binary_cross_entropy_with_logits(
        logits, masks.float()
    )
    losses = loss_of(head, local_feats, targets())
    torch.testing.assert_close(losses['loss_mask'], expected)


def test_mask_score_learns_the_iou_of_masks_good_enough(local_feats):
    head = build()
    logits = torch.full((3, 28, 28), -5.0)
    logits[0, 0:14] = 5  # IoU 1
    logits[1, 7:14] = 5  # IoU 1 / 2
    logits[2, 0:1] = 5  # IoU 1 / 14: too bad to train on
    predictions = head(local_feats, LABELS)._replace(mask_logits=logits)
    losses = head.loss(predictions, BOXES, targets())
    scores = predictions.ious
    expected = 0.5 * ((scores[0] - 1) ** 2 + (scores[1] - 0.5) ** 2) / 2
    torch.testing.assert_close(losses['loss_mask_iou'], expected)
    none = head.loss(predictions, BOXES, targets(20, 28))
    assert none['loss_mask_iou'] == 0


def test_scores_do_not_train_the_masks(local_feats):
    head = build()
    head(local_feats, LABELS).ious.sum().backward()
    reached = {
        name.split('.')[0] for name, p in head.named_parameters() if p.grad is not None
    }
    assert reached == {'mask_scorer'}


def test_score_is_the_formula(local_feats):
    head = build()
    mask_logits, ious = head(local_feats, LABELS)
    pooled = mask_logits.sigmoid().reshape(3, 7, 4, 7, 4).amax(dim=(2, 4))
    inputs = torch.cat([local_feats, pooled[:, None]], dim=1).flatten(1)
    expected = head.mask_scorer(inputs)[torch.arange(3), LABELS]
    torch.testing.assert_close(ious, expected)


def test_mask_score_is_class_score_plus_weighted_iou(local_feats):
    head = build()
    predictions = head(local_feats, LABELS)
    meta = dict(ori_shape=(60, 60), scale_factor=(1.0, 1.0))
    scores = torch.tensor([0.9, 0.5, 0.1])
    found = InstanceData(bboxes=BOXES.clone(), scores=scores, labels=LABELS)
    (result,) = head.predict_by_feat(
        predictions, [found], [meta], ConfigDict(mask_thr_binary=0.5)
    )
    torch.testing.assert_close(result.mask_scores, scores + 0.3 * predictions.ious)
    assert predictions.ious.abs().max() > 0.01
    assert result.masks.shape == (3, 60, 60)
    # The box starts at the origin and has one pixel for each cell.
    inside = predictions.mask_logits[0].sigmoid() >= 0.5
    assert torch.equal(result.masks[0, :28, :28], inside)


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
    predictions = head(torch.empty(0, 6, 7, 7), labels)
    losses = head.loss(predictions, torch.empty(0, 4), none)
    assert all(value == 0 for value in losses.values())
    sum(losses.values()).backward()
    assert all(p.grad is not None for p in head.parameters())


def test_one_mask_for_all_classes(local_feats):
    head = build(class_agnostic=True)
    every = all_masks(head, local_feats)
    assert every.shape == (3, 1, 28, 28)
    torch.testing.assert_close(head(local_feats, LABELS).mask_logits, every[:, 0])
    losses = loss_of(head, local_feats, targets())
    assert all(value > 0 for value in losses.values())


def test_released_models_have_a_bias_before_the_norm_and_pad_the_rated_masks(
    local_feats, monkeypatch
):
    assert build().first_upsample.conv.bias is None
    head = build(upsample_bias=True, score_pool_padding=1)
    conv, norm = head.first_upsample.conv, head.first_upsample.norm
    torch.nn.init.normal_(conv.bias)
    expected = torch.relu(norm(conv(local_feats)))
    assert torch.equal(head.first_upsample(local_feats), expected)
    # The last row and column of a mask are never seen: windows are -1..2, 3..6, ...
    logits = torch.randn(len(local_feats), 28, 28)
    monkeypatch.setattr(d2det_mask_head, 'convolve_to_channel', lambda *_: logits)
    scores = head(local_feats, LABELS).ious
    logits[:, 27] = 100
    logits[:, :, 27] = 100
    assert torch.equal(head(local_feats, LABELS).ious, scores)
    logits[:, 26, 26] = 100
    assert not torch.equal(head(local_feats, LABELS).ious, scores)
