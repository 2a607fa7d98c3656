"""Both heads of a small released Double-Head, layer by layer, equal ours."""

import pytest
import torch
from mmdet.registry import MODELS
from mmengine.registry import init_default_scope
from torch.nn import functional as F

import mmdet_plus  # noqa: F401
from mmdet_plus.zoo.conversion.layouts import LAYOUTS
from mmdet_plus.zoo.conversion.rules import convert

NUM_CLASSES, WIDTH, CHANNELS, FCS = 3, 8, 32, 12
GROUPS = 4


class Released(dict):
    """Weights by the authors' names; the first use of a name makes them."""

    def draw(self, name, *shape, low=-0.5, high=0.5):
        name = f'roi_heads.box.{name}'
        if name not in self:
            self[name] = torch.empty(shape).uniform_(low, high)
        return self[name]

    def conv(self, name, x, width, size=1, bias=False):
        weight = self.draw(f'{name}.weight', width, x.shape[1], size, size)
        extra = self.draw(f'{name}.bias', width) if bias else None
        return F.conv2d(x, weight, extra, padding=size // 2)

    def norm(self, name, x):
        mean = self.draw(f'{name}.running_mean', x.shape[1])
        variance = self.draw(f'{name}.running_var', x.shape[1], low=0.5, high=2.0)
        gain, bias = (self.draw(f'{name}.{k}', x.shape[1]) for k in ('weight', 'bias'))
        return F.batch_norm(x, mean, variance, gain, bias)

    def linear(self, name, x, width):
        weight = self.draw(f'{name}.weight', width, x.shape[1])
        return F.linear(x, weight, self.draw(f'{name}.bias', width))

    def non_local(self, name, x):
        """Dot products in each group, over the number of places; ReLU of the sum."""
        g, theta, phi = (
            self.conv(f'{name}.{k}', x, CHANNELS // 2, bias=True).flatten(2)
            for k in ('g', 'theta', 'phi')
        )
        parts = zip(*(part.chunk(GROUPS, 1) for part in (g, theta, phi)), strict=True)
        mixed = [
            torch.einsum('nci,ncj,nkj->nki', t, p, v) / x[0, 0].numel()
            for v, t, p in parts
        ]
        mixed = torch.cat(mixed, dim=1).view(len(x), -1, *x.shape[2:])
        mixed = self.norm(
            f'{name}.W.bn', self.conv(f'{name}.W.0', mixed, CHANNELS, bias=True)
        )
        return (x + mixed).relu()

    def conv_head(self, x):
        name = 'feature_extractor.nonlocal_conv'
        y = self.norm(f'{name}.bottom.1', self.conv(f'{name}.bottom.0', x, WIDTH, 3))
        y = self.conv(f'{name}.bottom.3', y.relu(), CHANNELS)
        top = self.norm(f'{name}.top.1', self.conv(f'{name}.top.0', x, CHANNELS))
        x = (self.norm(f'{name}.bottom.4', y) + top).relu()
        for i in range(2):
            name = f'feature_extractor.shared_nonlocal.{i}'
            x = self.non_local(name, x)
            y, name = x, f'{name}.ffconv.bottleneck'
            for place, width, size in ((0, 8, 1), (3, 8, 3), (6, CHANNELS, 1)):
                y = self.conv(f'{name}.{place}', y, width, size)
                y = self.norm(f'{name}.{place + 1}', y)
                y = y.relu() if place < 6 else y
            x = (x + y).relu()
        return x.mean(dim=(2, 3))

    def fc_head(self, x):
        x = self.linear('feature_extractor.fc6', x.flatten(1), FCS).relu()
        return self.linear('feature_extractor.fc7', x, FCS).relu()

    def predict(self, conv, fc):
        rows = NUM_CLASSES + 1
        return (
            self.linear('predictor.cls_score_fc', fc, rows),
            self.linear('predictor.bbox_pred_fc', fc, 4 * rows),
            self.linear('predictor.cls_score', conv, rows),
            self.linear('predictor.bbox_pred', conv, 4 * rows),
        )


@pytest.fixture(scope='module')
def both():
    torch.manual_seed(0)
    fc_feats, conv_feats = torch.randn(2, 3, WIDTH, 7, 7)
    released = Released()
    theirs = released.predict(
        released.conv_head(conv_feats), released.fc_head(fc_feats)
    )
    init_default_scope('mmdet')
    head = MODELS.build(
        dict(
            type='DoubleHeadExtBBoxHead',
            num_roi_feats=2,
            in_channels=WIDTH,
            num_classes=NUM_CLASSES,
            fc_out_channels=FCS,
            conv_out_channels=CHANNELS,
            non_local_groups=GROUPS,
        )
    ).eval()
    prefix = 'roi_head.bbox_head.'
    own = {f'{prefix}{name}': value for name, value in head.state_dict().items()}
    rules = LAYOUTS['double-head-maskrcnn-benchmark'].rules
    result = convert(released, rules, own)
    assert (result.unused, result.missing) == ([], [])
    weights = {k.removeprefix(prefix): v for k, v in result.state_dict.items()}
    head.load_state_dict(weights, strict=False)
    with torch.no_grad():
        return theirs, head, head(fc_feats, conv_feats)


def test_logits_and_boxes_are_equal(both):
    theirs, _, ours = both
    close = dict(atol=1e-4, rtol=1e-4)
    for i in (0, 2):  # the background is their first class and our last
        torch.testing.assert_close(ours[i], theirs[i].roll(-1, dims=1), **close)
        torch.testing.assert_close(ours[i + 1], theirs[i + 1][:, 4:], **close)


def test_scores_are_what_neither_head_leaves(both):
    (fc, _, conv, _), head, ours = both
    expected = 1 - (1 - fc.softmax(dim=1)) * (1 - conv.softmax(dim=1))
    scores = head.class_scores(ours)
    torch.testing.assert_close(scores[:, :-1], expected[:, 1:], atol=1e-4, rtol=1e-4)
