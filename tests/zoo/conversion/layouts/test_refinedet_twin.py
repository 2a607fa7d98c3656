"""A small ResNet RefineDet of Caffe, layer by layer, equals ours after conversion."""

from pathlib import Path

import pytest
import torch
from mmengine.config import Config
from samples.released_files import write_caffemodel
from samples.released_twins import CLOSE, converted_model
from torch.nn import functional as F

CONFIG = Path(__file__).parents[4] / 'configs/refinedet'
CONFIG = CONFIG / 'refinedet320_r101_400k_coco_released.py'
NUM_CLASSES, WIDTH, INTER = 5, 8, 16
LEVELS = [32, 64, 128, 16]
SOURCES = ['res3b3_relu', 'res4b22_relu', 'res5c_relu', 'res6_relu']
BLOCKS = {2: 'abc', 3: 'abcd', 4: 'abcdef', 5: 'abc'}


class CaffeNet:
    """Layers by Caffe's names; the first use of a name makes its blobs."""

    def __init__(self):
        self.blobs = {}

    def blob(self, name, *shape, low=-1.0, high=1.0):
        if name not in self.blobs:
            self.blobs[name] = torch.empty(shape).uniform_(low, high)
        return self.blobs[name]

    def conv(self, name, x, width, size, stride=1, bias=False):
        scale = (3 / (x.shape[1] * size**2)) ** 0.5
        weight = self.blob(f'{name}/0', width, x.shape[1], size, size)
        weight.mul_(scale if weight.abs().max() > scale else 1)
        extra = self.blob(f'{name}/1', width) if bias else None
        return F.conv2d(x, weight, extra, stride, size // 2)

    def norm(self, stored, scale, x):
        """Statistics are sums; the third blob is what they are divided by."""
        factor = self.blob(f'{stored}/2', 1, low=2, high=3)
        mean = self.blob(f'{stored}/0', x.shape[1]) / factor
        variance = self.blob(f'{stored}/1', x.shape[1], low=2, high=4) / factor
        gain, shift = (self.blob(f'{scale}/{i}', x.shape[1]) for i in (0, 1))
        shape = (1, -1, 1, 1)
        x = (x - mean.view(shape)) / (variance.view(shape) + 1e-5).sqrt()
        return x * gain.view(shape) + shift.view(shape)

    def branch(self, end, x, width, size, stride=1):
        x = self.conv(f'res{end}', x, width, size, stride)
        return self.norm(f'bn{end}', f'scale{end}', x)

    def block(self, name, x, inner, outer, stride=1, projects=True):
        """The stride is in the first convolutions."""
        y = self.branch(f'{name}_branch2a', x, inner, 1, stride).relu()
        y = self.branch(f'{name}_branch2b', y, inner, 3).relu()
        y = self.branch(f'{name}_branch2c', y, outer, 1)
        if projects:
            x = self.branch(f'{name}_branch1', x, outer, 1, stride)
        return (x + y).relu()

    def backbone(self, images):
        x = self.conv('conv1', images, 4, 7, 2)
        x = self.norm('bn_conv1', 'scale_conv1', x).relu()
        x = F.max_pool2d(x, 3, 2, padding=0, ceil_mode=True)
        sources = []
        for stage, letters in BLOCKS.items():
            inner = 4 * 2 ** (stage - 2)
            for letter in letters:
                first = letter == 'a'
                stride = 2 if first and stage > 2 else 1
                x = self.block(f'{stage}{letter}', x, inner, 4 * inner, stride, first)
            sources.append(x)
        sources.append(self.block('6', x, 4, 16, 2))
        return sources[1:]

    def predict(self, name, x, num_classes):
        x = self.block(f'{name}_inter', x, INTER // 4, INTER)
        name = f'res{name}_inter_mbox'
        return (
            self.conv(f'{name}_conf', x, 3 * num_classes, 3, bias=True),
            self.conv(f'{name}_loc', x, 12, 3, bias=True),
        )

    def connected(self, name, x, size=3):
        x = self.conv(name, x, WIDTH, size)
        return self.norm(f'{name}_bn', f'{name}_scale', x)

    def pyramid(self, sources):
        above, outputs = None, []
        for level, source in reversed(list(enumerate(sources, 3))):
            x = self.connected(f'TL{level}_1', source).relu()
            x = self.connected(f'TL{level}_2', x)
            if above is not None:
                name = f'P{level + 1}-up'
                weight = self.blob(f'{name}/0', WIDTH, WIDTH, 2, 2)
                up = F.conv_transpose2d(above, weight, stride=2)
                x = x + self.norm(f'{name}_bn', f'{name}_scale', up)
            above = self.connected(f'P{level}', x.relu()).relu()
            outputs.insert(0, above)
        return outputs


@pytest.fixture(scope='module')
def both(tmp_path_factory):
    """Outputs of the Caffe net and of ours for one image."""
    torch.manual_seed(0)
    images = torch.randn(1, 3, 128, 128)
    net = CaffeNet()
    with torch.no_grad():
        for _ in range(2):  # the first run makes the blobs, and scales them
            sources = net.backbone(images.flip(1))  # blue first
            arm = [net.predict(n, x, 2) for n, x in zip(SOURCES, sources, strict=True)]
            odm = [
                net.predict(f'P{level}', x, NUM_CLASSES + 1)
                for level, x in enumerate(net.pyramid(sources), 3)
            ]
    path = tmp_path_factory.mktemp('net') / 'net.caffemodel'
    write_caffemodel(path, net.blobs)
    cfg = Config.fromfile(CONFIG)
    cfg.model.backbone.update(depth=50, base_channels=4, extra_channels=4)
    cfg.model.neck.update(in_channels=LEVELS, out_channels=WIDTH)
    cfg.model.arm_head.update(in_channels=LEVELS, residual_channels=INTER)
    cfg.model.bbox_head.update(
        num_classes=NUM_CLASSES, in_channels=[WIDTH] * 4, residual_channels=INTER
    )
    model = converted_model(path, cfg, 'refinedet-caffe')
    with torch.no_grad():
        x = model.backbone(images)
        ours = model.arm_head(x), model.bbox_head(model.neck(x))
    return (sources, arm, odm), (x, *ours)


def in_our_order(maps, values):
    """Anchors are square, wide, tall there, and wide, square, tall here."""
    by_anchor = maps.unflatten(1, (3, values))[:, [1, 0, 2]]
    if values != 4:
        by_anchor = by_anchor.roll(-1, dims=2)  # the background comes last
    return by_anchor.flatten(1, 2)


def test_levels_are_equal(both):
    (sources, *_), (levels, *_) = both
    for theirs, ours in zip(sources, levels, strict=True):
        assert theirs.std() > 0.1
        torch.testing.assert_close(ours, theirs, **CLOSE)


@pytest.mark.parametrize(('module', 'rows'), [(1, 2), (2, NUM_CLASSES + 1)])
def test_predictions_are_equal(both, module, rows):
    theirs, (logits, deltas) = both[0][module], both[1][module]
    for level, (conf, loc) in enumerate(theirs):
        assert conf.std() > 0.1
        torch.testing.assert_close(logits[level], in_our_order(conf, rows), **CLOSE)
        torch.testing.assert_close(deltas[level], in_our_order(loc, 4), **CLOSE)
