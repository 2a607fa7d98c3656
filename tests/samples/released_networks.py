"""Parts of the released networks, from their description, with made up weights."""

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

STAGES = (3, 4, 6, 3)  # blocks of a ResNet-50
SIDE = 384
# Of the first three levels of a pyramid, away from the border.
PROPOSALS = [[40.3, 50.7, 80.2, 100.9], [60, 70, 189, 180], [60.4, 58, 318, 300.5]]


class Released(dict):
    """Weights by the authors' names; the first use of a name makes them."""

    separator = '.'

    def draw(self, name: str, *shape: int, low: float = -0.5, high: float = 0.5):
        if name not in self:
            self[name] = torch.empty(shape).uniform_(low, high)
        return self[name]

    def weight(self, name: str, *shape: int) -> Tensor:
        """Outputs vary as much as inputs."""
        bound = math.sqrt(3 / math.prod(shape[1:]))
        return self.draw(
            f'{name}{self.separator}weight', *shape, low=-bound, high=bound
        )

    def bias(self, name: str, width: int) -> Tensor:
        return self.draw(f'{name}{self.separator}bias', width)

    def conv(self, name, x, width, size=1, *, bias=True, stride=1, dilation=1):
        weight = self.weight(name, width, x.shape[1], size, size)
        extra = self.bias(name, width) if bias else None
        return F.conv2d(x, weight, extra, stride, size // 2 * dilation, dilation)

    def linear(self, name: str, x: Tensor, width: int) -> Tensor:
        weight = self.weight(name, width, x.shape[1])
        return F.linear(x, weight, self.bias(name, width))

    def gain(self, name: str, width: int) -> Tensor:
        return self.draw(name, width, low=0.4, high=0.9)

    def group_norm(self, name: str, x: Tensor, groups: int) -> Tensor:
        gain = self.gain(f'{name}.weight', x.shape[1])
        return F.group_norm(x, groups, gain, self.bias(name, x.shape[1]))


def block(branch, name, x, inner, *, stride=1, dilation=1, in_first):
    """A bottleneck; ``branch`` is a convolution with its norm, as torchvision names."""
    strides = (stride, 1) if in_first else (1, stride)
    y = branch(f'{name}.conv1', f'{name}.bn1', x, inner, 1, strides[0], 1).relu()
    y = branch(f'{name}.conv2', f'{name}.bn2', y, inner, 3, strides[1], dilation).relu()
    y = branch(f'{name}.conv3', f'{name}.bn3', y, 4 * inner, 1, 1, 1)
    if x.shape[1] != y.shape[1] or stride > 1:
        names = f'{name}.downsample.0', f'{name}.downsample.1'
        x = branch(*names, x, 4 * inner, 1, stride, 1)
    return (x + y).relu()


def stages(branch, x, width, *, first=1, dilated=False, in_first=True):
    """Outputs of the stages of a ResNet from the ``first`` on."""
    outputs = []
    for stage in range(first, 5):
        widened = dilated and stage == 4
        for i in range(STAGES[stage - 1]):
            stride = 2 if i == 0 and stage > 1 and not widened else 1
            x = block(
                branch,
                f'layer{stage}.{i}',
                x,
                width * 2 ** (stage - 1),
                stride=stride,
                dilation=2 if widened else 1,
                in_first=in_first,
            )
        outputs.append(x)
    return outputs


def pyramid(lateral: Callable, output: Callable, levels: list[Tensor]) -> list[Tensor]:
    """The maps of an FPN; both functions take the level, from 0, and a map."""
    above, outputs = None, []
    for i in reversed(range(len(levels))):
        x = lateral(i, levels[i])
        if above is not None:
            x = x + F.interpolate(above, scale_factor=2, mode='nearest')
        above = x
        outputs.insert(0, output(i, x))
    return outputs


def level_of(bbox: Tensor) -> int:
    """Of a box whose last pixel belongs to it; 224 pixels are on the third level."""
    width, height = (bbox[2:] - bbox[:2] + 1).tolist()
    level = math.floor(4 + math.log2(math.sqrt(width * height) / 224)) - 2
    return min(max(level, 0), 3)


def roi_align(feat: Tensor, bbox: Tensor, bins: int, scale: float) -> Tensor:
    """RoIAlign without half-pixel shift: (C, H, W) in (4,) to (C, bins, bins)."""
    x1, y1, x2, y2 = (bbox * scale).tolist()
    steps = (torch.arange(2 * bins) + 0.5) / (2 * bins)
    xs, ys = x1 + steps * max(x2 - x1, 1), y1 + steps * max(y2 - y1, 1)
    height, width = feat.shape[1:]
    samples = torch.stack([_row(feat, y, xs, height, width) for y in ys], dim=1)
    return F.avg_pool2d(samples[None], 2)[0]


def _row(feat, y, xs, height, width):
    """Bilinear samples of a row."""
    y, xs = y.clamp(0, height - 1), xs.clamp(0, width - 1)
    top, left = int(y), xs.long()
    below, right = min(top + 1, height - 1), (left + 1).clamp(max=width - 1)
    dx = xs - left
    upper, lower = (
        feat[:, row, left] * (1 - dx) + feat[:, row, right] * dx for row in (top, below)
    )
    return upper * (1 - (y - top)) + lower * (y - top)


def pooled(levels: list[Tensor], bboxes: Tensor, pool: Callable) -> Tensor:
    """RoI features; ``pool`` takes a map, a box and the map's scale."""
    found = []
    for bbox in bboxes:
        level = level_of(bbox)
        found.append(pool(levels[level][0], bbox, 1 / 2 ** (level + 2)))
    return torch.stack(found)
