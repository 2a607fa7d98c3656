"""Scores, boxes and detections of Double-Head-Ext."""

import pytest
import torch
from mmdet.models.layers import multiclass_nms
from samples.double_head import FC_ONLY, META, REVERSED, TEST_CFG, build, run, targets


@pytest.mark.parametrize(
    ('fusion', 'formula'),
    [
        ('fc', lambda fc, conv: fc),
        ('conv', lambda fc, conv: conv),
        ('max', torch.maximum),
        ('average', lambda fc, conv: (fc + conv) / 2),
        ('complementary', lambda fc, conv: 1 - (1 - fc) * (1 - conv)),
    ],
)
def test_scores_are_fused(fusion, formula):
    head = build(fusion=fusion)
    torch.nn.init.normal_(head.conv_cls.weight)
    outputs = run(head)
    fc, conv = (outputs.fc_cls_logits.softmax(1), outputs.conv_cls_logits.softmax(1))
    torch.testing.assert_close(head.class_scores(outputs), formula(fc, conv))


def test_fused_scores_reach_the_detections_unchanged():
    head = build(fusion='complementary', reg_class_agnostic=True)
    rois = torch.tensor([[0, 10.0, 10, 30, 30], [0, 50, 40, 70, 70]])
    scores = torch.tensor([[0.9, 0.8, 0.0, 0.3], [0.1, 0.0, 0.7, 0.9]])
    result = head.predict_by_feat(
        (rois,), (scores,), (torch.zeros(2, 4),), [META], TEST_CFG, rescale=True
    )[0]
    torch.testing.assert_close(result.scores, torch.tensor([0.9, 0.8, 0.7, 0.1]))
    assert result.labels.tolist() == [0, 1, 2, 0]
    torch.testing.assert_close(result.bboxes, 2 * rois[[0, 0, 1, 1], 1:])


def test_boxes_come_from_the_conv_head_if_it_has_any():
    head = build(conv_loss_weight=1e-6)
    outputs = run(head)
    assert head.box_deltas(outputs) is outputs.conv_bbox_deltas
    for change in (REVERSED, FC_ONLY):
        head = build(**change)
        outputs = run(head)
        assert head.box_deltas(outputs) is outputs.fc_bbox_deltas


def test_boxes_are_clipped_to_the_image():
    head = build(reg_class_agnostic=True)
    rois = torch.tensor([[0, 60.0, 50, 120, 110]])
    scores = torch.tensor([[0.9, 0.0, 0.0, 0.1]])
    result = head.predict_by_feat(
        (rois,), (scores,), (torch.zeros(1, 4),), [META], TEST_CFG
    )[0]
    torch.testing.assert_close(result.bboxes, torch.tensor([[60.0, 50, 100, 80]]))


def test_image_without_proposals():
    head = build()
    none = (torch.empty(0, 5), torch.empty(0, 4), torch.empty(0, 12))
    for cfg, columns in ((TEST_CFG, ()), (None, (4,))):
        result = head.predict_by_feat(*((x,) for x in none), [META], cfg, True)[0]
        assert result.bboxes.shape == (0, 4)
        assert result.scores.shape == (0, *columns)


def test_equals_mmdets_nms_on_fused_scores():
    head = build()
    outputs = run(head)
    rois = targets()[0]
    scores, deltas = head.class_scores(outputs), head.box_deltas(outputs)
    result = head.predict_by_feat((rois,), (scores,), (deltas,), [META], TEST_CFG)[0]
    decoded = head.bbox_coder.decode(
        rois[:, 1:].repeat_interleave(3, dim=0),
        deltas.view(-1, 4),
        max_shape=META['img_shape'],
    )
    boxes, labels = multiclass_nms(
        decoded.view(6, 12), scores, 0.01, TEST_CFG.nms, TEST_CFG.max_per_img
    )
    torch.testing.assert_close(result.bboxes, boxes[:, :4])
    assert torch.equal(result.labels, labels)
