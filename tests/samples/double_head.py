"""What the tests of Double-Head-Ext's heads share."""

import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

import mmdet_plus  # noqa: F401

DOUBLE = dict(lambda_fc=1.0, lambda_conv=1.0, fusion='fc')
TEST_CFG = ConfigDict(
    score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=20
)
META = dict(img_shape=(80, 100), scale_factor=(0.5, 0.5))
REVERSED = dict(lambda_fc=0.0, lambda_conv=0.0, fusion='conv')
FC_ONLY = dict(lambda_fc=0.5, conv_loss_weight=0.0, fusion='fc')
CONV_ONLY = dict(lambda_conv=0.5, fc_loss_weight=0.0, fusion='conv')


def build(**kwargs):
    torch.manual_seed(0)
    cfg = dict(
        type='DoubleHeadExtBBoxHead',
        num_roi_feats=2,
        in_channels=8,
        num_classes=3,
        fc_out_channels=16,
        conv_out_channels=16,
    )
    head = MODELS.build({**cfg, **kwargs})
    head.init_weights()
    return head


def feats(n=6, seed=1):
    torch.manual_seed(seed)
    return torch.randn(n, 8, 7, 7)


def targets(n=6):
    """RoIs and targets: the first half is positive."""
    torch.manual_seed(2)
    corner = torch.rand(n, 2) * 40
    rois = torch.cat([torch.zeros(n, 1), corner, corner + 30], dim=1)
    labels = torch.tensor([i % 3 if i < n // 2 else 3 for i in range(n)])
    positive = (labels < 3).float()[:, None].expand(-1, 4)
    box_targets = torch.randn(n, 4) * positive
    return rois, labels.long(), torch.ones(n), box_targets, positive


def run(head, n=6):
    return head(feats(n), feats(n, seed=3))
