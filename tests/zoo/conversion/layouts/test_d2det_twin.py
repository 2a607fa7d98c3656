"""A small released D2Det from image to boxes and masks equals ours after conversion."""

import math
from pathlib import Path

import pytest
import torch
from mmdet.structures.bbox import bbox2roi
from mmengine.config import Config
from samples.released_files import write_pickle
from samples.released_networks import (
    PROPOSALS,
    SIDE,
    Released,
    pooled,
    pyramid,
    roi_align,
    stages,
)
from samples.released_pooling import position_sensitive_pool
from samples.released_twins import (
    assert_detections_equal,
    assert_levels_and_proposals_equal,
    converted_model,
    keep_everything,
)
from torch.nn import functional as F

CONFIG = Path(__file__).parents[4] / 'configs/d2det'
CONFIG = CONFIG / 'd2det-mask_r101_fpn_2x_coco_released.py'
NUM_CLASSES, BASE, WIDTH, LOCAL, CONVS, FCS, MASK = 3, 4, 8, 12, 2, 16, 8


class D2Det(Released):
    """The network from its first convolution to its masks."""

    def branch(self, conv, norm, x, width, size, stride, dilation):
        x = self.conv(f'backbone.{conv}', x, width, size, bias=False, stride=stride)
        return self.batch_norm(f'backbone.{norm}', x)

    def batch_norm(self, name, x):
        mean = self.draw(f'{name}.running_mean', x.shape[1])
        variance = self.draw(f'{name}.running_var', x.shape[1], low=0.5, high=2)
        gain = self.gain(f'{name}.weight', x.shape[1])
        return F.batch_norm(x, mean, variance, gain, self.bias(name, x.shape[1]))

    def levels(self, images):
        x = self.conv('backbone.conv1', images, BASE, 7, bias=False, stride=2)
        x = F.max_pool2d(self.batch_norm('backbone.bn1', x).relu(), 3, 2, 1)
        maps = pyramid(
            lambda i, x: self.conv(f'neck.lateral_convs.{i}.conv', x, WIDTH),
            lambda i, x: self.conv(f'neck.fpn_convs.{i}.conv', x, WIDTH, 3),
            stages(self.branch, x, BASE, in_first=False),
        )
        return [*maps, F.max_pool2d(maps[-1], 1, 2)]

    def propose(self, level):
        x = self.conv('rpn_head.rpn_conv', level, WIDTH, 3).relu()
        return self.conv('rpn_head.rpn_cls', x, 3), self.conv('rpn_head.rpn_reg', x, 12)

    def discriminative(self, feat, bbox, scale):
        """Moved samples of 2k x 2k, averaged by weights from themselves."""
        name = f'bbox_roi_extractor.roi_layers.{round(-2 - math.log2(scale))}'
        coarse = position_sensitive_pool(feat, bbox[None], 3, 1, scale)
        x = self.linear(f'{name}.offset_fc.0', coarse.flatten(1), FCS).relu()
        x = self.linear(f'{name}.offset_fc.2', x, FCS).relu()
        moves = self.linear(f'{name}.offset_fc.4', x, 98).view(1, 2, 7, 7)
        moves = F.interpolate(moves, scale_factor=2)
        x = position_sensitive_pool(feat, bbox[None], 14, 1, scale, moves)
        name = f'{name}.awp.weight'
        logits = self.conv(f'{name}.conv', x, WIDTH, 3, bias=False)
        gain, shift = (
            self.gain(f'{name}.bn.weight', WIDTH),
            self.bias(f'{name}.bn', WIDTH),
        )
        logits = F.instance_norm(logits, weight=gain, bias=shift)
        weights = (12 * logits.sigmoid()).exp()
        total, norm = (F.avg_pool2d(part, 3, 2, 1) for part in (x * weights, weights))
        return (total / norm)[0]

    def classify(self, levels, bboxes):
        x = pooled(levels, bboxes, self.discriminative)
        for i in range(2):
            x = self.linear(f'bbox_head.shared_fcs.{i}', x.flatten(1), FCS).relu()
        return self.linear('bbox_head.fc_cls', x, NUM_CLASSES + 1)

    def local(self, levels, bboxes):
        """RoIAlign that ends behind the last pixel, then convolutions."""
        last = torch.tensor([0.0, 0, 1, 1])
        x = pooled(levels, bboxes, lambda f, b, s: roi_align(f, b + last, 14, s))
        for i in range(CONVS):
            name = f'D2Det_head.convs.{i}'
            x = self.conv(f'{name}.conv', x, LOCAL, 3, bias=False, stride=1 if i else 2)
            x = self.group_norm(f'{name}.gn', x, 6).relu()
        return x

    def localise(self, x, bboxes):
        """The mean of the boxes of all cells inside."""
        self.draw('D2Det_head.D2Det_reg.bias', 4, low=0.2, high=0.7)
        sides = self.conv('D2Det_head.D2Det_reg', x, 4, 3).relu()
        inside = self.conv('D2Det_head.D2Det_mask', x, 1, 3).sigmoid()[:, 0] > 0.5
        assert inside.flatten(1).any(dim=1).all()
        return torch.stack(
            [mean_of_cells(*own) for own in zip(bboxes, sides, inside, strict=True)]
        )

    def deconv(self, name, x):
        weight = self.weight(name, x.shape[1], MASK, 2, 2)
        return F.conv_transpose2d(x, weight, self.bias(name, MASK), stride=2)

    def segment(self, x):
        """Mask logits of all classes, and IoU by which each is rated."""
        y = self.deconv('D2Det_head.deconv1', x)
        y = self.group_norm('D2Det_head.norm1', y, 4).relu()
        y = self.deconv('D2Det_head.deconv2', y).relu()
        logits = self.conv('D2Det_head.D2Det_instance', y, NUM_CLASSES + 1, 3)[:, 1:]
        ious = []
        for c in range(NUM_CLASSES):
            mask = F.max_pool2d(logits[:, c : c + 1].sigmoid(), 4, 4, padding=1)
            z = torch.cat([x, mask], dim=1).flatten(1)
            for i in range(2):
                z = self.linear(f'D2Det_head.fcs.{i}', z, FCS).relu()
            name = 'D2Det_head.fc_instance_iou'
            ious.append(self.linear(name, z, NUM_CLASSES + 1)[:, c + 1])
        return logits, torch.stack(ious, dim=1)

    def detect(self, levels, bboxes):
        """Boxes, scores of classes and scores of masks."""
        scores = self.classify(levels, bboxes).softmax(dim=1)[:, 1:]
        bboxes = self.localise(self.local(levels, bboxes), bboxes).clamp(0, SIDE)
        _, ious = self.segment(self.local(levels, bboxes))
        return bboxes, scores, scores + 0.3 * ious


def mean_of_cells(bbox, sides, inside):
    """Sides are distances from the centre of a cell, in widths and heights."""
    x1, y1, x2, y2 = bbox.tolist()
    width, height, found = x2 - x1, y2 - y1, []
    for row, column in inside.nonzero().tolist():
        left, right, top, bottom = sides[:, row, column].tolist()
        x = x1 + (column + 0.5) / 7 * width
        y = y1 + (row + 0.5) / 7 * height
        near = x - left * width, y - top * height
        found.append([*near, x + right * width, y + bottom * height])
    return torch.tensor(found).mean(dim=0)


def our_model(cfg):
    model = cfg.model
    model.backbone.update(depth=50, base_channels=BASE, init_cfg=None)
    model.neck.update(in_channels=[BASE * 4 * 2**i for i in range(4)])
    model.neck.out_channels = WIDTH
    model.rpn_head.update(in_channels=WIDTH, feat_channels=WIDTH)
    head = model.roi_head
    head.bbox_roi_extractor.update(out_channels=WIDTH, offset_channels=FCS)
    head.reg_roi_extractor.out_channels = WIDTH
    head.bbox_head.update(
        in_channels=WIDTH, fc_out_channels=FCS, num_classes=NUM_CLASSES
    )
    norm = dict(type='GN', num_groups=6)
    head.reg_head.update(
        in_channels=WIDTH, num_convs=CONVS, conv_channels=LOCAL, norm_cfg=norm
    )
    head.mask_head.update(
        in_channels=LOCAL, conv_out_channels=MASK, fc_out_channels=FCS,
        num_classes=NUM_CLASSES, norm_cfg=dict(type='GN', num_groups=4),
    )  # fmt: skip
    keep_everything(model.test_cfg.rcnn)
    return cfg


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    """The released network and ours, and an image."""
    torch.manual_seed(0)
    images = torch.randn(1, 3, SIDE, SIDE)
    net = D2Det()
    with torch.no_grad():
        levels = net.levels(images)
        net.propose(levels[0])
        net.detect(levels, torch.tensor(PROPOSALS))
        # The proposals are of three levels, the last one has layers as well.
        net.discriminative(levels[3][0], torch.tensor(PROPOSALS[2]), 1 / 32)
    path = tmp_path_factory.mktemp('net') / 'net.pth'
    write_pickle(path, dict(state_dict=dict(net), meta=dict(mmdet_version='1.1.0')))
    cfg = our_model(Config.fromfile(CONFIG))
    model = converted_model(path, cfg, 'd2det-mmdet1')
    return net, model, images


def test_levels_and_proposals_are_equal(both):
    assert_levels_and_proposals_equal(*both)


@torch.no_grad()
def test_detections_and_mask_scores_are_equal(both):
    net, model, images = both
    bboxes, scores, mask_scores = net.detect(
        net.levels(images), torch.tensor(PROPOSALS)
    )
    assert_detections_equal(
        model, images, bboxes, scores=scores, mask_scores=mask_scores
    )


@torch.no_grad()
def test_mask_logits_are_equal(both):
    net, model, images = both
    levels, bboxes = net.levels(images), torch.tensor(PROPOSALS)
    logits, ious = net.segment(net.local(levels, bboxes))
    head = model.roi_head
    rois = bbox2roi([bboxes])
    local = head.reg_head(head.reg_roi_extractor(model.extract_feat(images)[:4], rois))
    for label in range(NUM_CLASSES):
        own = head.mask_head(local.local_feats, torch.full((len(bboxes),), label))
        torch.testing.assert_close(own[0], logits[:, label], atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(own[1], ious[:, label], atol=1e-4, rtol=1e-4)
