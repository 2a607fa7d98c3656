"""Geometry of grid points: where heat maps lie, what they should show, what they say.

A grid of ``k x k`` points stands on the object box, corners included. They are numbered
column by column: point ``i * k + j`` is the ``j``-th from the top of the ``i``-th
column from the left. One whole map covers the RoI enlarged by the mapping ratio (CPM
R-CNN, arXiv 2003.03570, sec. 3.2). Each heat map shows that half-sized sub-region of it
in which its point is expected (Grid R-CNN Plus, 1906.05688).
"""

import torch
from torch import Tensor

from ...task_modules.bbox_geometry import order_corners


def expand_bboxes(bboxes: Tensor, ratio: float) -> Tensor:
    """Boxes (n, 4) xyxy, ``ratio`` times as wide and as high about their centres."""
    centres = (bboxes[:, :2] + bboxes[:, 2:]) / 2
    half_sizes = (bboxes[:, 2:] - bboxes[:, :2]) * (ratio / 2)
    return torch.cat([centres - half_sizes, centres + half_sizes], dim=1)


def sub_region_starts(grid_size: int, map_size: int) -> list[int]:
    """First cell, along one axis, of the sub-regions of each column of points.

    The middle of a sub-region is where the point lies when the RoI is the object and
    the mapping ratio is 2.

    Args:
        grid_size: points along one side.
        map_size: cells along one side of a sub-region; the whole map has twice as many.
    """
    return [i * map_size // (grid_size - 1) for i in range(grid_size)]


def large_enough(bboxes: Tensor, grid_size: int) -> Tensor:
    """Which boxes (n, 4) have at least ``grid_size`` pixels on both sides: (n,)."""
    return ((bboxes[:, 2:] - bboxes[:, :2]) >= grid_size).all(dim=1)


def disc_cells(radius: int) -> list[tuple[int, int]]:
    """Columns and rows, from its centre, of the cells of a disc."""
    reach = range(-radius, radius + 1)
    return [(x, y) for x in reach for y in reach if x**2 + y**2 <= radius**2]


def point_cells(
    bboxes: Tensor, gt_bboxes: Tensor, ratio: float, grid_size: int, map_size: int
) -> Tensor:
    """Cells of the whole map in which the grid points of the ground truth lie.

    Args:
        bboxes: (n, 4) xyxy RoIs of positive size.
        gt_bboxes: (n, 4) xyxy in the same frame.
        ratio: mapping ratio.
        grid_size: points along one side.
        map_size: cells along one side of a sub-region.

    Returns:
        (n, 2, grid_size): the column of each column of points, and the row of each row;
        whole numbers, also such as are outside the map.
    """
    regions = expand_bboxes(bboxes, ratio)
    fractions = torch.linspace(0, 1, grid_size).to(gt_bboxes)
    # Not `start + fraction * size`, which rounds: the last point is the corner itself.
    low, high = gt_bboxes[:, :2, None], gt_bboxes[:, 2:, None]
    points = low * (1 - fractions) + high * fractions
    sizes = (regions[:, 2:] - regions[:, :2])[:, :, None]
    return ((points - regions[:, :2, None]) / sizes * (2 * map_size)).floor()


def point_targets(
    bboxes: Tensor,
    gt_bboxes: Tensor,
    ratio: float,
    grid_size: int,
    map_size: int,
    radius: int,
) -> Tensor:
    """Heat maps with a disc around the cell of each point, zero elsewhere.

    Args:
        bboxes: (n, 4) as for ``point_cells``.
        gt_bboxes: (n, 4) as for ``point_cells``.
        ratio: mapping ratio.
        grid_size: points along one side.
        map_size: cells along one side of a sub-region.
        radius: of the disc in cells; 0 marks the cell alone.

    Returns:
        (n, grid_size**2, map_size, map_size) of 0 and 1, as float.
    """
    cells = point_cells(bboxes, gt_bboxes, ratio, grid_size, map_size).long()
    starts = cells.new_tensor(sub_region_starts(grid_size, map_size))
    centre_x, centre_y = (cells - starts).unbind(dim=1)  # within the own sub-region
    shift_x, shift_y = cells.new_tensor(disc_cells(radius)).unbind(dim=1)
    columns, rows, points = torch.broadcast_tensors(
        centre_x[:, :, None, None] + shift_x,
        centre_y[:, None, :, None] + shift_y,
        torch.arange(len(cells) * grid_size**2, device=cells.device).view(
            -1, grid_size, grid_size, 1
        ),
    )
    size = map_size
    inside = (columns >= 0) & (columns < size) & (rows >= 0) & (rows < size)
    maps = bboxes.new_zeros(len(cells), grid_size**2, size, size)
    maps.view(-1)[((points * size + rows) * size + columns)[inside]] = 1
    return maps


def decode_points(
    heatmap_logits: Tensor, bboxes: Tensor, ratio: float
) -> tuple[Tensor, Tensor]:
    """Where the most probable cell of each heat map is, and how probable.

    Args:
        heatmap_logits: (n, k * k, map_size, map_size).
        bboxes: (n, 4) xyxy RoIs.
        ratio: mapping ratio.

    Returns:
        Points (n, 2, k, k): x and y, in the frame of the RoIs, of the cells' centres,
        by column and row of the grid; probabilities (n, k, k) in (0, 1).
    """
    num_rois, num_points, map_size, _ = heatmap_logits.shape
    grid_size = round(num_points**0.5)
    best, cells = heatmap_logits.flatten(2).max(dim=2)
    grid = (num_rois, grid_size, grid_size)
    columns, rows = (cells % map_size).view(grid), (cells // map_size).view(grid)
    starts = cells.new_tensor(sub_region_starts(grid_size, map_size))
    found = torch.stack([columns + starts[:, None], rows + starts], dim=1)
    regions = expand_bboxes(bboxes, ratio)
    low, high = regions[:, :2, None, None], regions[:, 2:, None, None]
    points = low + (found + 0.5) / (2 * map_size) * (high - low)
    return points, best.sigmoid().view(grid)


def vote_bboxes(points: Tensor, probs: Tensor) -> Tensor:
    """Sides of a box as the means of the points on them, weighted by probability.

    Args:
        points: (n, 2, k, k) x and y by column and row of the grid.
        probs: (n, k, k) weights.

    Returns:
        (n, 4) xyxy, of size zero at least.
    """
    # Where all are zero in float32, all count alike.
    weights = probs.clamp(min=torch.finfo(probs.dtype).tiny * 2**10)
    xs, ys = points.unbind(dim=1)
    on_sides = (
        (xs[:, 0, :], weights[:, 0, :]),
        (ys[:, :, 0], weights[:, :, 0]),
        (xs[:, -1, :], weights[:, -1, :]),
        (ys[:, :, -1], weights[:, :, -1]),
    )
    sides = [(p * w).sum(dim=1) / w.sum(dim=1) for p, w in on_sides]
    return order_corners(torch.stack(sides, dim=1))
