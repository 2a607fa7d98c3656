"""Seeded inputs of the operators that nobody should give them.

``test_sanitizers.py`` compares kernels and twins on them, and runs this file as a
program: ``python hostile_ops.py FOLDER NUMBER``, with a package ``ops`` in the folder.
"""

import sys

import torch

TYPES = (torch.float32, torch.float64, torch.float16, torch.bfloat16)
# What a coordinate, an offset or a logit may be by accident.
ODD = (0.0, float('nan'), float('inf'), float('-inf'), 1e-40, -1e3, 1e4, 1e30, -1e30)
BAD_INDICES = (-1.0, -1e-9, float('nan'), float('inf'), float('-inf'), 1e9, 1e30)


class Dice:
    """Random choices that a seed repeats."""

    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)

    def number(self, low, high):
        """A whole number from low to high, both included."""
        return int(torch.randint(low, high + 1, (1,), generator=self.generator))

    def one_of(self, values):
        return values[self.number(0, len(values) - 1)]

    def chance(self, percent):
        return self.number(1, 100) <= percent

    def normal(self, *shape):
        return torch.randn(*shape, generator=self.generator, dtype=torch.float64)

    def spoil(self, tensor, percent=30):
        """Put odd values into some places, with that chance."""
        if tensor.numel() and self.chance(percent):
            for _ in range(self.number(1, 3)):
                place = self.number(0, tensor.numel() - 1)
                tensor.view(-1)[place] = self.one_of(ODD)
        return tensor

    def layout(self, tensor):
        """The same values, lying otherwise in memory."""
        kind = self.number(0, 3)
        if kind == 1:
            return tensor.transpose(-1, -2).contiguous().transpose(-1, -2)
        if kind == 2 and tensor.dim() == 4:
            return tensor.contiguous(memory_format=torch.channels_last)
        if kind == 3:
            return torch.cat([tensor, tensor], -1)[..., : tensor.shape[-1]]
        return tensor


def roi_case(seed, dtype=None):
    """Arguments of ``deform_roi_align``; a batch index may lie outside."""
    dice = Dice(seed)
    batch, channels = dice.number(1, 3), dice.one_of([1, 3, 17, 64])
    size = [dice.number(1, 12), dice.number(1, 12)]
    num, bins = dice.number(0, 6), (dice.number(1, 5), dice.number(1, 5))
    corners = 12 * dice.normal(num, 2)
    corners = torch.cat([corners, corners + 15 * dice.normal(num, 2)], 1)
    index = dice.normal(num, 1).abs().floor().clamp(max=batch - 1)
    rois = torch.cat([index, dice.spoil(corners)], 1)
    if num and dice.chance(15):
        near = (batch, batch - 1e-9, batch - 1e-12, batch - 0.5)
        rois[dice.number(0, num - 1), 0] = dice.one_of(near + BAD_INDICES)
    offset = 5 * dice.normal(num, 2, *bins)
    offset = dice.layout(dice.spoil(offset)) if dice.chance(70) else None
    input = dice.layout(dice.spoil(dice.normal(batch, channels, *size), 10))
    dtype = dtype or dice.one_of(TYPES)
    rois = rois.to(dtype if dice.chance(50) else torch.float64)
    scale, ratio = dice.one_of([1.0, 0.5, 1 / 16]), dice.number(0, 3)
    offset = offset if offset is None else offset.to(dtype)
    return input.to(dtype), dice.layout(rois), offset, bins, scale, ratio, 0.1


def pool_case(seed, dtype=None):
    """Arguments of ``local_importance_pool2d``; windows may not fit."""
    dice = Dice(seed)
    shape = dice.number(0, 2), dice.number(0, 3), dice.number(1, 9), dice.number(1, 9)
    input = dice.layout(dice.spoil(dice.normal(*shape)))
    logits = dice.one_of([0.0, 3.0, 200.0]) * dice.normal(*shape)
    kernel = dice.number(1, 4), dice.number(1, 4)
    stride = dice.number(1, 5), dice.number(1, 5)
    padding = tuple(dice.number(0, side // 2) for side in kernel)
    dtype = dtype or dice.one_of(TYPES)
    logits = dice.layout(dice.spoil(logits)).to(
        dtype if dice.chance(70) else torch.float32
    )
    return input.to(dtype), logits, kernel, stride, padding


REFUSED = 'refused'


def attempt(function, *arguments):
    """What a function returns, or ``REFUSED`` where an operator's check raised."""
    try:
        return function(*arguments)
    except RuntimeError as error:
        if str(error).startswith(('deform_roi_align', 'local_importance_pool2d')):
            return REFUSED
        raise


def with_gradients(function, arguments, places):
    """Output and gradients by the arguments at those places, where there are any."""
    arguments = list(arguments)
    places = [place for place in places if arguments[place] is not None]
    for place in places:
        arguments[place] = arguments[place].detach().requires_grad_()
    output = function(*arguments)
    weights = Dice(output.numel()).normal(*output.shape).to(output)
    leaves = [arguments[place] for place in places]
    return output.detach(), *torch.autograd.grad((output * weights).sum(), leaves)


def run_all(number):
    """Run the operators on that many cases each; how many calls were refused."""
    ops = torch.ops.mmdet_plus
    found = []
    for seed in range(number):
        align = (ops.deform_roi_align, roi_case(seed), (0, 2))
        pool = (ops.local_importance_pool2d, pool_case(seed), (0, 1))
        found += [attempt(with_gradients, *align), attempt(with_gradients, *pool)]
        found += _backward_of_any_shape(ops, Dice(seed), align[1], pool[1])
    return sum(result is REFUSED for result in found)


def _backward_of_any_shape(ops, dice, align, pool):
    """Call the gradients with shapes that no forward pass would give them."""
    input, _, _, bins, *_ = align
    grad = dice.normal(dice.number(0, 7), dice.number(1, 64), *bins).to(input)
    yield attempt(ops.deform_roi_align_backward, grad, *align)
    inputs, windows = pool[:2], pool[2:]
    small = dice.normal(*(dice.number(0, 3) for _ in range(4))).to(inputs[0])
    for output in (small, inputs[0]):
        gradients = ops.local_importance_pool2d_backward
        yield attempt(gradients, small, *inputs, output, *windows)


if __name__ == '__main__':
    sys.path.insert(0, sys.argv[1])
    from ops.compiled import _problem

    assert not _problem, _problem
    refused = run_all(int(sys.argv[2]))
    print(f'{sys.argv[2]} cases of each operator, {refused} refused')
