"""The geometry of grid points as a plain loop, and how much longer it takes.

python tests/samples/grid_points_loop.py
"""

import math
import time

import torch

from mmdet_plus.models.roi_heads.grid_heads.grid_points import (
    decode_points,
    point_targets,
    vote_bboxes,
)


def region_of(box, ratio):
    x1, y1, x2, y2 = box
    dx, dy = (x2 - x1) * (ratio - 1) / 2, (y2 - y1) * (ratio - 1) / 2
    return x1 - dx, y1 - dy, x2 + dx, y2 + dy


def targets_by_loop(bboxes, gt_bboxes, ratio, k, size, radius):
    maps = torch.zeros(len(bboxes), k * k, size, size, dtype=bboxes.dtype)
    for n, (box, gt) in enumerate(
        zip(bboxes.tolist(), gt_bboxes.tolist(), strict=True)
    ):
        left, top, right, bottom = region_of(box, ratio)
        for i in range(k):
            for j in range(k):
                x = gt[0] + i / (k - 1) * (gt[2] - gt[0])
                y = gt[1] + j / (k - 1) * (gt[3] - gt[1])
                column = math.floor((x - left) / (right - left) * 2 * size)
                row = math.floor((y - top) / (bottom - top) * 2 * size)
                start_x, start_y = i * size // (k - 1), j * size // (k - 1)
                for r in range(row - radius, row + radius + 1):
                    for c in range(column - radius, column + radius + 1):
                        inside = (r - row) ** 2 + (c - column) ** 2 <= radius**2
                        m, q = r - start_y, c - start_x
                        if inside and 0 <= m < size and 0 <= q < size:
                            maps[n, i * k + j, m, q] = 1
    return maps


def boxes_by_loop(logits, bboxes, ratio):
    num_points, size = logits.shape[1:3]
    k = math.isqrt(num_points)
    boxes = []
    for maps, box in zip(logits.tolist(), bboxes.tolist(), strict=True):
        left, top, right, bottom = region_of(box, ratio)
        sums = [[0.0, 0.0] for _ in range(4)]
        for p, heat in enumerate(maps):
            i, j = p // k, p % k
            best, at_row, at_column = -math.inf, 0, 0
            for row in range(size):
                for column in range(size):
                    if heat[row][column] > best:
                        best, at_row, at_column = heat[row][column], row, column
            prob = 1 / (1 + math.exp(-best))
            column = at_column + i * size // (k - 1)
            row = at_row + j * size // (k - 1)
            x = left + (column + 0.5) / (2 * size) * (right - left)
            y = top + (row + 0.5) / (2 * size) * (bottom - top)
            on_sides = (i == 0, j == 0, i == k - 1, j == k - 1)
            for side, on_side in enumerate(on_sides):
                if on_side:
                    sums[side][0] += prob * (x if side % 2 == 0 else y)
                    sums[side][1] += prob
        boxes.append([total / weight for total, weight in sums])
    return torch.tensor(boxes, dtype=bboxes.dtype)


def random_rois(count):
    """RoIs and objects near them, some far."""
    corners = torch.rand(count, 2, dtype=torch.double) * 100
    bboxes = torch.cat([corners, corners + 10 + torch.rand_like(corners) * 90], 1)
    noise = torch.randn(count, 4, dtype=torch.double) * 0.2
    return bboxes, bboxes + noise * (bboxes[:, 2:] - bboxes[:, :2]).repeat(1, 2)


def main():
    torch.manual_seed(0)
    torch.set_num_threads(1)
    bboxes, gts = (boxes.float() for boxes in random_rois(512))
    logits = torch.randn(512, 9, 28, 28)

    def best_of(function, repeats):
        seconds = []
        for _ in range(repeats):
            start = time.perf_counter()
            function()
            seconds.append(time.perf_counter() - start)
        return min(seconds)

    pairs = {
        'target discs': (
            lambda: point_targets(bboxes, gts, 2.0, 3, 28, 1),
            lambda: targets_by_loop(bboxes, gts, 2.0, 3, 28, 1),
        ),
        'decoding and voting': (
            lambda: vote_bboxes(*decode_points(logits, bboxes, 2.0)),
            lambda: boxes_by_loop(logits, bboxes, 2.0),
        ),
    }
    print('| 512 RoIs, 9 points of 28 x 28 | ours s | loop s | ratio |')
    print('| --- | --- | --- | --- |')
    for name, (fast, slow) in pairs.items():
        ours, loop = best_of(fast, 20), best_of(slow, 2)
        print(f'| {name} | {ours:.4f} | {loop:.3f} | {loop / ours:.0f} |')


if __name__ == '__main__':
    main()
