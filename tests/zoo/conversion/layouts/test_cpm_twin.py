"""A small released CPM R-CNN from image to detections equals ours after conversion."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from samples.grid_points_loop import boxes_by_loop
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
from samples.released_twins import (
    assert_detections_equal,
    assert_levels_and_proposals_equal,
    converted_model,
    keep_everything,
)
from torch.nn import functional as F

CONFIG = Path(__file__).parents[4] / 'configs/cpm_rcnn'
CONFIG = CONFIG / 'cpm-rcnn_r50_fpn_2x_coco_released.py'
NUM_CLASSES, BASE, WIDTH, POINT, CONVS, GROUPS, FCS = 3, 4, 8, 4, 2, 6, 16
RATIOS = (2.0, 1.5, 1.25)
SECOND = 'Grid_Cascade_RCNN'


class CPM(Released):
    """The network from its first convolution to its detections."""

    def branch(self, conv, norm, x, width, size, stride, dilation):
        """Norms are affine; the code that tests divides by their epsilon, too."""
        name = f'Conv_Body.{conv}'
        x = self.conv(name, x, width, size, bias=False, stride=stride)
        gain = self.gain(f'Conv_Body.{norm}.weight', width) / (1 + 1e-5) ** 0.5
        shift = self.bias(f'Conv_Body.{norm}', width)
        return x * gain.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)

    def levels(self, images):
        x = self.conv('Conv_Body.conv1', images, BASE, 7, bias=False, stride=2)
        gain = self.gain('Conv_Body.bn1.weight', BASE) / (1 + 1e-5) ** 0.5
        shift = self.bias('Conv_Body.bn1', BASE)
        x = (x * gain.view(1, -1, 1, 1) + shift.view(1, -1, 1, 1)).relu()
        x = stages(self.branch, F.max_pool2d(x, 3, 2, 1), BASE)
        maps = pyramid(
            lambda i, x: self.conv(self.pyramid_name('in', i), x, WIDTH),
            lambda i, x: self.conv(self.pyramid_name('out', i), x, WIDTH, 3),
            x,
        )
        return [*maps, F.max_pool2d(maps[-1], 1, 2)]

    def pyramid_name(self, kind, level):
        """The coarsest map is apart, the others are numbered downwards."""
        name = f'p5_{kind}' if level == 3 else f'fpn_{kind}.{2 - level}'
        return f'Conv_Body_FPN.{name}'

    def propose(self, level):
        x = self.conv('RPN.head.conv', level, WIDTH, 3).relu()
        return self.conv('RPN.head.cls_logits', x, 3), self.conv(
            'RPN.head.bbox_pred', x, 12
        )

    def classify(self, kind, levels, bboxes):
        x = pooled(levels, bboxes, lambda f, b, s: roi_align(f, b, 7, s)).flatten(1)
        x = self.linear(f'{SECOND}.Head_{kind}.fc6', x, FCS).relu()
        x = self.linear(f'{SECOND}.Head_{kind}.fc7', x, FCS).relu()
        name = f'{SECOND}.Output_{kind}.cls_score'
        return self.linear(name, x, NUM_CLASSES + 1).softmax(dim=1)

    def up(self, name, x, width):
        """Deconvolution of the nine points apart."""
        weight = self.draw(f'{name}.weight', x.shape[1], width // 9, 4, 4)
        return F.conv_transpose2d(
            x, weight, self.bias(name, width), stride=2, padding=1, groups=9
        )

    def stage(self, i, levels, bboxes):
        """Local features and boxes."""
        x = pooled(levels, bboxes, lambda f, b, s: roi_align(f, b, 14, s))
        for k in range(CONVS):
            name = f'{SECOND}.Head_grid_{i}.convs.{k}'
            x = self.conv(f'{name}.0', x, 9 * POINT, 3, stride=1 if k else 2)
            x = self.group_norm(f'{name}.1', x, GROUPS).relu()
        name = f'{SECOND}.Output_grid_{i}'
        maps = self.up(f'{name}.deconv_1', x, 9 * POINT)
        maps = self.group_norm(f'{name}.norm1', maps, 9).relu()
        maps = self.up(f'{name}.deconv_2', maps, 9)
        return x, boxes_by_loop(maps, bboxes, RATIOS[i])

    def ious(self, x):
        name = f'{SECOND}.Output_grid_2.iou_'
        x = self.linear(f'{name}fc1', x.flatten(1), FCS).relu()
        x = self.linear(f'{name}fc2', x, FCS).relu()
        self.draw(f'{name}pred.bias', 2, low=1, high=2)
        return self.linear(f'{name}pred', x, 2)[:, 1]

    def detect(self, levels, bboxes):
        """Boxes and scores of each class of each proposal."""
        probs = self.classify('cls', levels, bboxes)[:, 1:]
        for i in range(3):
            x, bboxes = self.stage(i, levels, bboxes)
        bboxes = bboxes.clamp(0, SIDE)  # ours; theirs clip a copy
        again = self.classify('rescore', levels, bboxes)[:, 1:]
        return bboxes, (probs * self.ious(x)[:, None]) ** 0.8 * again**0.2


def our_model(cfg):
    model = cfg.model
    model.backbone.base_channels = BASE
    model.neck.update(in_channels=[BASE * 4 * 2**i for i in range(4)])
    model.neck.out_channels = WIDTH
    model.rpn_head.update(in_channels=WIDTH, feat_channels=WIDTH)
    head = model.roi_head
    for rois in (head.bbox_roi_extractor, head.grid_roi_extractor):
        rois.out_channels = WIDTH
    fcs = dict(in_channels=WIDTH, fc_out_channels=FCS, num_classes=NUM_CLASSES)
    head.bbox_head.update(fcs)
    head.rsm_head.update(fcs)
    head.grid_head.update(in_channels=WIDTH, num_convs=CONVS, point_channels=POINT)
    head.grid_head.norm_cfg.num_groups = GROUPS
    head.iou_head.update(in_channels=9 * POINT, fc_out_channels=FCS)
    keep_everything(model.test_cfg.rcnn)
    return cfg


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    """The released network and ours, and an image."""
    torch.manual_seed(0)
    images = torch.randn(1, 3, SIDE, SIDE)
    net = CPM()
    with torch.no_grad():
        levels = net.levels(images)
        net.propose(levels[0])
        net.detect(levels, torch.tensor(PROPOSALS))
    path = tmp_path_factory.mktemp('net') / 'net.pth'
    write_pickle(path, dict(model={f'module.{k}': v for k, v in net.items()}))
    cfg = our_model(Config.fromfile(CONFIG))
    model = converted_model(path, cfg, 'cpm-pet')
    return net, model, images


def test_levels_and_proposals_are_equal(both):
    assert_levels_and_proposals_equal(*both)


@torch.no_grad()
def test_detections_are_equal(both):
    net, model, images = both
    bboxes, scores = net.detect(net.levels(images), torch.tensor(PROPOSALS))
    assert_detections_equal(model, images, bboxes, scores=scores)
