import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

import mmdet_plus  # noqa: F401

META = [dict(img_shape=(64, 64), scale_factor=(1.0, 1.0))]


def build(name):
    torch.manual_seed(0)
    cfg = ConfigDict(
        type=name,
        in_channels=8,
        feat_channels=8,
        anchor_generator=dict(
            type='AnchorGenerator', scales=[4], ratios=[1.0], strides=[8]
        ),
        test_cfg=dict(
            nms_pre=50,
            max_per_img=20,
            nms=dict(type='nms', iou_threshold=0.7),
            min_bbox_size=0,
        ),
    )
    head = MODELS.build(cfg)
    head.init_weights()
    return head


def propose(head, feats):
    cls_scores, bbox_preds = head(feats)
    return head.predict_by_feat(cls_scores, bbox_preds, batch_img_metas=META)[0]


def test_equals_mmdet_in_float32():
    feats = (torch.randn(1, 8, 8, 8),)
    ours, theirs = (propose(build(n), feats) for n in ('Float32RPNHead', 'RPNHead'))
    assert len(ours) == 20
    torch.testing.assert_close(ours.bboxes, theirs.bboxes)
    torch.testing.assert_close(ours.scores, theirs.scores)


def test_proposes_under_bfloat16_autocast():
    feats = (torch.randn(1, 8, 8, 8),)
    with torch.autocast('cpu', torch.bfloat16):
        found = propose(build('Float32RPNHead'), feats)
    assert len(found) == 20
    assert found.bboxes.dtype == found.scores.dtype == torch.float32
