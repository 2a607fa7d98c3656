import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

import mmdet_plus  # noqa: F401

META = [dict(img_shape=(64, 64), scale_factor=(1.0, 1.0))]


def build(name, **changes):
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
        **changes,
    )
    head = MODELS.build(cfg)
    head.init_weights()
    return head


def propose(head, feats):
    cls_scores, bbox_preds = head(feats)
    return head.predict_by_feat(cls_scores, bbox_preds, batch_img_metas=META)[0]


def test_without_levels_it_is_mmdets():
    feats = (torch.randn(1, 8, 8, 8),)
    names = ('SelectedLevelsRPNHead', 'Float32RPNHead', 'RPNHead')
    ours, alias, theirs = (propose(build(name), feats) for name in names)
    assert len(ours) == 20
    torch.testing.assert_close(ours.bboxes, theirs.bboxes)
    torch.testing.assert_close(ours.scores, theirs.scores)
    assert alias.bboxes.equal(ours.bboxes)


def test_proposes_from_the_chosen_levels_only():
    feats = (torch.full((1, 8, 4, 4), torch.nan), torch.randn(1, 8, 8, 8))
    chosen = propose(build('SelectedLevelsRPNHead', in_levels=[1]), feats)
    assert chosen.bboxes.equal(propose(build('RPNHead'), feats[1:]).bboxes)
