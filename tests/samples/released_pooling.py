"""The released RoI poolings as loops."""

import math

import torch


def position_sensitive_pool(feat, rois, bins, samples, scale, offset=None, step=0.1):
    """Deformable PSRoI pooling with one group: (C, H, W) in (n, 4) to (n, C, k, k).

    Corners are rounded, the last pixel is added, sample k of a bin lies at its low edge
    plus k sub-bins, half a cell off the corner. Samples more than half a cell outside
    count not at all.
    """
    channels, height, width = feat.shape
    output = torch.zeros(len(rois), channels, bins, bins)
    for n, roi in enumerate(rois.tolist()):
        x1, y1, x2, y2 = (math.floor(value + 0.5) for value in roi)
        left, top = x1 * scale - 0.5, y1 * scale - 0.5
        roi_w, roi_h = (x2 + 1 - x1) * scale, (y2 + 1 - y1) * scale
        for i in range(bins):
            for j in range(bins):
                move_x = move_y = 0.0
                if offset is not None:
                    move_x, move_y = (offset[n, :, i, j] * step).tolist()
                values = []
                for row in range(samples):
                    for column in range(samples):
                        x = left + (j + column / samples) / bins * roi_w
                        y = top + (i + row / samples) / bins * roi_h
                        x, y = x + move_x * roi_w, y + move_y * roi_h
                        if -0.5 <= x <= width - 0.5 and -0.5 <= y <= height - 0.5:
                            values.append(_bilinear(feat, x, y))
                if values:
                    output[n, :, i, j] = torch.stack(values).mean(dim=0)
    return output


def _bilinear(feat, x, y):
    height, width = feat.shape[1:]
    x, y = min(max(x, 0.0), width - 1), min(max(y, 0.0), height - 1)
    x0, y0 = int(x), int(y)
    x1, y1 = min(x0 + 1, width - 1), min(y0 + 1, height - 1)
    right, below = x - x0, y - y0
    above = feat[:, y0, x0] * (1 - right) + feat[:, y0, x1] * right
    under = feat[:, y1, x0] * (1 - right) + feat[:, y1, x1] * right
    return above * (1 - below) + under * below


def roi_max_pool(feat, roi, bins, scale):
    """RoI pooling of Caffe and MXNet: (C, H, W) in (4,) to (C, bins, bins)."""
    channels, height, width = feat.shape
    output = torch.zeros(channels, bins, bins)
    x1, y1, x2, y2 = (math.floor(value * scale + 0.5) for value in roi.tolist())
    bin_w, bin_h = max(x2 - x1 + 1, 1) / bins, max(y2 - y1 + 1, 1) / bins
    for i in range(bins):
        for j in range(bins):
            top = min(max(math.floor(i * bin_h) + y1, 0), height)
            bottom = min(max(math.ceil((i + 1) * bin_h) + y1, 0), height)
            left = min(max(math.floor(j * bin_w) + x1, 0), width)
            right = min(max(math.ceil((j + 1) * bin_w) + x1, 0), width)
            cells = feat[:, top:bottom, left:right]
            if cells.numel():
                output[:, i, j] = cells.amax(dim=(1, 2))
    return output
