"""Exchange of features between neighbouring grid points."""

import torch
from mmengine.model import BaseModule
from torch import Tensor, nn


def neighbour_pairs(grid_size: int) -> tuple[list[int], list[int]]:
    """Points that are next to each other in a row or column, both ways.

    Args:
        grid_size: points along one side, numbered column by column.

    Returns:
        Numbers of the sources and, as many, of the targets.
    """
    points = [(i, j) for i in range(grid_size) for j in range(grid_size)]
    pairs = [
        (source, target)
        for source, (i, j) in enumerate(points)
        for target, (k, m) in enumerate(points)
        if abs(i - k) + abs(j - m) == 1
    ]
    return [source for source, _ in pairs], [target for _, target in pairs]


class PointFeatureFusion(BaseModule):
    """Adds to the features of each grid point those of its neighbours.

    Grid R-CNN (arXiv 1811.12030), sec. 3.2: first the neighbours' features pass a
    transition and are added, then, with ``order`` 2, the sums do the same once more.
    A transition is a 5 x 5 depthwise convolution and a 1 x 1 one, for each pair.

    Args:
        grid_size: points along one side.
        point_channels: channels of each point.
        order: 1 for the neighbours alone, 2 for their neighbours too.
    """

    def __init__(self, grid_size: int, *, point_channels: int, order: int = 2) -> None:
        super().__init__(init_cfg=dict(type='Kaiming', layer='Conv2d'))
        self.sources, self.targets = neighbour_pairs(grid_size)
        self.num_points = grid_size**2
        groups = len(self.sources)
        channels = groups * point_channels
        self.transitions = nn.ModuleList(
            nn.Sequential(
                nn.Conv2d(channels, channels, 5, padding=2, groups=channels),
                nn.Conv2d(channels, channels, 1, groups=groups),
            )
            for _ in range(order)
        )

    def forward(self, feats: Tensor) -> Tensor:
        """Fuse features (n, num_points * C, h, w), point by point; same shape."""
        own = feats.unflatten(1, (self.num_points, -1))
        fused = own
        targets = torch.tensor(self.targets, device=feats.device)
        for transition in self.transitions:
            sent = transition(fused[:, self.sources].flatten(1, 2))
            sent = sent.unflatten(1, (len(self.sources), -1)).to(own.dtype)
            fused = own.index_add(1, targets, sent)
        return fused.flatten(1, 2)
