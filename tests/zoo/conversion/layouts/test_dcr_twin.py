"""Small released DCR V2 models from image to detections equal ours after conversion."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from samples.released_files import write_params
from samples.released_networks import (
    PROPOSALS,
    SIDE,
    Released,
    pooled,
    pyramid,
    stages,
)
from samples.released_pooling import roi_max_pool
from samples.released_twins import (
    assert_detections_equal,
    converted_model,
    keep_everything,
)
from torch.nn import functional as F

CONFIGS = Path(__file__).parents[4] / 'configs/dcr'
NAMES = {
    'plain': 'faster-rcnn-dcrv2_r101_8e_coco_released.py',
    'fpn': 'faster-rcnn-dcrv2_r101_fpn_7e_coco_released.py',
}
NUM_CLASSES, BASE, WIDTH, RPN, FCS = 3, 4, 8, 12, 16
STDS = torch.tensor([0.1, 0.1, 0.2, 0.2])
BRANCHES = {'conv1': '2a', 'conv2': '2b', 'conv3': '2c', 'downsample': '1'}


def mxnet_name(place):
    """``4b3_branch2a`` of ``layer3.3.conv1``; long stages number their blocks."""
    stage, number, layer = place.split('.')[:3]
    stage, number = int(stage[-1]) + 1, int(number)
    letter = 'abc'[number] if stage in (2, 5) or number == 0 else f'b{number}'
    return f'{stage}{letter}_branch{BRANCHES[layer]}'


class DCR(Released):
    """The network from its first convolution to its detections."""

    separator = '_'

    def branch(self, conv, norm, x, width, size, stride, dilation, prefix=''):
        place = mxnet_name(conv)
        name = f'{prefix}res{place}'
        x = self.conv(
            name, x, width, size, bias=False, stride=stride, dilation=dilation
        )
        return self.norm(f'{prefix}bn{place}', x)

    def copied(self, *args):
        return self.branch(*args, prefix='dcr_')

    def norm(self, name, x):
        mean = self.draw(f'{name}_moving_mean', x.shape[1])
        variance = self.draw(f'{name}_moving_var', x.shape[1], low=0.5, high=2)
        gain = self.gain(f'{name}_gamma', x.shape[1])
        beta = self.draw(f'{name}_beta', x.shape[1])
        return F.batch_norm(x, mean, variance, gain, beta)

    def stages(self, images):
        x = self.conv('conv1', images, BASE, 7, bias=False, stride=2)
        x = self.norm('bn_conv1', x).relu()
        x = F.max_pool2d(x, 3, 2, padding=0, ceil_mode=True)
        return stages(self.branch, x, BASE, dilated=self.dilated)

    def propose(self, level):
        """Objectness and moves; all backgrounds stand before all objects."""
        x = self.conv(self.rpn, level, RPN, 3).relu()
        both = self.conv('rpn_cls_score', x, 2 * self.anchors)
        scores = both.unflatten(1, (2, self.anchors)).softmax(dim=1)[:, 1]
        return scores, self.conv('rpn_bbox_pred', x, 4 * self.anchors)

    def heads(self, x):
        x = self.linear('fc_new_1', x.flatten(1), FCS).relu()
        x = self.linear('fc_new_2', x, FCS).relu()
        # The background's box comes first; moves are in standard deviations.
        moves = self.linear('bbox_pred', x, 8)[:, 4:] * STDS
        return self.linear('cls_score', x, NUM_CLASSES + 1).softmax(dim=1), moves

    def refine(self, first_stage, bboxes):
        """Class scores from regions of the first stage and copies of the others."""
        x = torch.stack([roi_max_pool(first_stage[0], b, 56, 1 / 4) for b in bboxes])
        x = stages(self.copied, x, BASE, first=2)[-1].mean(dim=(2, 3))
        return self.linear('dcr_fc1', x, NUM_CLASSES + 1).softmax(dim=1)

    def detect(self, images):
        """Boxes, and products of both scores of each class."""
        first, *_ = found = self.stages(images)
        bboxes = torch.tensor(PROPOSALS)
        probs, moves = self.heads(self.roi_feats(found, bboxes))
        bboxes = moved(bboxes, moves)
        return bboxes, (probs * self.refine(first, bboxes))[:, 1:]


class Plain(DCR):
    """Without FPN; the last stage is dilated."""

    dilated, rpn, anchors = True, 'rpn_conv_3x3', 12

    def levels(self, found):
        """What proposals are made of, and what the RoI head reads."""
        return [found[2]], self.conv('conv_new_1', found[3], WIDTH).relu()

    def roi_feats(self, found, bboxes):
        feat = self.levels(found)[1][0]
        return torch.stack([roi_max_pool(feat, b, 7, 1 / 16) for b in bboxes])


class Pyramid(DCR):
    """With FPN, whose last level is a convolution of the last stage."""

    dilated, rpn, anchors = False, 'rpn_conv', 3

    def levels(self, found):
        maps = pyramid(
            lambda i, x: self.conv(f'fpn_p{i + 2}_1x1', x, WIDTH),
            lambda i, x: self.conv(f'fpn_p{i + 2}', x, WIDTH, 3),
            found,
        )
        return [*maps, self.conv('fpn_p6', found[3], WIDTH, 3, stride=2)], maps

    def roi_feats(self, found, bboxes):
        maps = self.levels(found)[1]
        return pooled(maps, bboxes, lambda f, b, s: roi_max_pool(f, b, 7, s))


def moved(bboxes, moves):
    """Boxes whose last pixel belongs to them, clipped to the last of the image."""
    size = bboxes[:, 2:] - bboxes[:, :2] + 1
    centre = bboxes[:, :2] + (size - 1) / 2 + moves[:, :2] * size
    size = size * moves[:, 2:].exp()
    corners = [centre - (size - 1) / 2, centre + (size - 1) / 2]
    return torch.cat(corners, dim=1).clamp(0, SIDE - 1)


def our_model(kind):
    cfg = Config.fromfile(CONFIGS / NAMES[kind])
    model = cfg.model
    widths = [BASE * 4 * 2**i for i in range(4)]
    model.backbone.update(depth=50, base_channels=BASE)
    is_plain = kind == 'plain'
    model.neck.update(in_channels=widths[3] if is_plain else widths)
    model.neck.out_channels = WIDTH
    model.rpn_head.update(
        in_channels=widths[2] if is_plain else WIDTH, feat_channels=RPN
    )
    model.roi_head.bbox_roi_extractor.out_channels = WIDTH
    model.roi_head.bbox_head.update(
        in_channels=WIDTH, fc_out_channels=FCS, num_classes=NUM_CLASSES
    )
    model.refiner.tail.update(depth=50, base_channels=BASE)
    keep_everything(model.test_cfg.rcnn)
    return cfg


@pytest.fixture(scope='module', params=NAMES)
def both(request, tmp_path_factory):
    """A released network and ours, and an image."""
    torch.manual_seed(0)
    images = torch.randn(1, 3, SIDE, SIDE)
    net = Plain() if request.param == 'plain' else Pyramid()
    with torch.no_grad():
        net.detect(images)
        net.propose(net.levels(net.stages(images))[0][0])
    path = tmp_path_factory.mktemp('net') / 'net.params'
    kinds = {name: 'aux' if '_moving_' in name else 'arg' for name in net}
    write_params(path, {f'{kinds[name]}:{name}': net[name] for name in net})
    cfg = our_model(request.param)
    model = converted_model(path, cfg, 'dcr-mxnet')
    return net, model, images


@torch.no_grad()
def test_proposals_are_equal(both):
    net, model, images = both
    levels, _ = net.levels(net.stages(images))
    logits, moves = model.rpn_head(model.extract_feat(images))
    for i, level in enumerate(levels):
        assert level.std() > 0.1
        scores, deltas = net.propose(level)
        close = dict(atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(logits[i].sigmoid(), scores, **close)
        torch.testing.assert_close(moves[i], deltas, **close)


@torch.no_grad()
def test_detections_are_equal(both):
    net, model, images = both
    bboxes, scores = net.detect(images)
    assert_detections_equal(model, images, bboxes, scores=scores)
