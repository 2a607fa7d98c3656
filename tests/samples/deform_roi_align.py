"""Inputs of deformable RoIAlign, the op and its twin by the same names."""

import torch

from mmdet_plus.ops import deform_roi_align
from mmdet_plus.ops.deform_roi_align import deform_roi_align_reference

NAN, INF = float('nan'), float('inf')
HALF_TYPES = [torch.float16, torch.bfloat16]
# In pixels of a network input of 24 x 20, at scale 1 / 2 of a map of 12 x 10.
ROIS = [
    [0, 1.3, 2.1, 19.7, 14.2],
    [1, 0.2, 0.1, 23.9, 19.8],
    [1, -9.3, -4.1, 7.7, 6.9],  # crosses the border
    [0, 15.3, 11.2, 44.1, 39.3],
    [0, -90.2, -80.1, -60.3, -50.4],  # wholly outside
    [1, 6.3, 7.1, 6.3, 7.1],  # no area
    [0, 14.9, 13.1, 4.2, 5.3],  # corners swapped
]


def randn(*shape, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).to(dtype)


def make_inputs(size=(3, 4), channels=3, offset_size=3.0, dtype=torch.float64):
    """Map, RoIs and offsets; the offsets move bins by up to the whole RoI and more."""
    offset = offset_size * randn(len(ROIS), 2, *size, seed=1)
    rois = torch.tensor(ROIS, dtype=torch.float64)
    return [x.to(dtype) for x in (randn(2, channels, 10, 12), rois, offset)]


def reference(input, rois, offset, output_size, scale=0.5, ratio=2, gamma=0.1):
    return deform_roi_align_reference(
        input, rois, offset, output_size, scale, ratio, gamma
    )


def pool(input, rois, offset=None, output_size=(3, 4), **settings):
    settings = dict(spatial_scale=0.5) | settings
    return deform_roi_align(input, rois, offset, output_size=output_size, **settings)


def with_gradients(function, input, rois, offset, **settings):
    """Output and gradients of a weighted sum of it."""
    leaves = [x for x in (input, offset) if x is not None]
    leaves = [x.detach().requires_grad_() for x in leaves]
    output = function(leaves[0], rois, *leaves[1:] or [None], **settings)
    weights = randn(*output.shape, seed=2).to(output)
    return output.detach(), *torch.autograd.grad((output * weights).sum(), leaves)
