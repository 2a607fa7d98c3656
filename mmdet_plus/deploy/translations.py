"""Operators of forms in ONNX, by its standard operators alone."""

from collections.abc import Callable, Sequence
from typing import Any

import onnxscript
import torch
from onnxscript import FLOAT, INT64
from onnxscript import opset18 as op  # of torch's own; converted later

from ..ops.compiled import is_compiled
from . import ops  # noqa: F401  defines what is translated

Value = Any


def translations() -> dict[Callable, Callable]:
    """What ``torch.onnx.export`` takes as ``custom_translation_table``."""
    own = torch.ops.mmdet_plus_deploy
    table: dict[Callable, Callable] = {
        own.nms.default: _nms,
        own.soft_nms.default: _soft_nms,
        own.roi_align.default: _roi_align,
        own.deform_roi_align.default: _deform_roi_align,
    }
    if is_compiled():
        pool = torch.ops.mmdet_plus.local_importance_pool2d.default
        table[pool] = _local_importance_pool2d
    return table


def _ints(*values: int) -> Any:
    return op.Constant(value_ints=list(values))


def _nms(bboxes: Value, scores: Value, iou_threshold: float, max_output: int) -> Value:
    selected = op.NonMaxSuppression(
        bboxes,
        op.Unsqueeze(scores, _ints(1)),
        _ints(max_output),
        op.Constant(value_floats=[iou_threshold]),
        op.Constant(value_floats=[-0.5]),
    )
    places = op.Gather(selected, _ints(0, 2), axis=1)
    none = op.Less(op.Abs(scores), op.Constant(value_float=-1.0))
    count = op.Shape(places, start=0, end=1)
    kept = op.Expand(op.Cast(_ints(1), to=9), count)
    return op.ScatterND(none, places, kept)


@onnxscript.script()
def _soft_nms_loop(
    bboxes: FLOAT[...],
    scores: FLOAT[...],
    iou_threshold: FLOAT[1],
    sigma: FLOAT[1],
    min_score: FLOAT[1],
    method: INT64[1],
    max_output: INT64[1],
) -> tuple[INT64[...], FLOAT[...]]:
    """Pick the best box, lower what overlaps it, and so on, in all images at once."""
    x1, y1, x2, y2 = op.Split(bboxes, axis=2, num_outputs=4)
    area = (x2 - x1) * (y2 - y1)
    left = op.Identity(scores)
    none = op.Slice(scores, [0], [0], [1])
    order = op.Cast(none, to=7)
    lowered = op.Identity(none)
    for _ in range(op.Squeeze(max_output)):
        best, place = op.TopK(left, [1], axis=1)
        own = op.Unsqueeze(op.GatherND(bboxes, place, batch_dims=1), [1])
        ox1, oy1, ox2, oy2 = op.Split(own, axis=2, num_outputs=4)
        width = op.Max(op.Min(x2, ox2) - op.Max(x1, ox1), 0.0)
        height = op.Max(op.Min(y2, oy2) - op.Max(y1, oy1), 0.0)
        shared = width * height
        iou = op.Squeeze(shared / (area + (ox2 - ox1) * (oy2 - oy1) - shared), [2])
        overlaps = iou >= iou_threshold
        naive = op.Where(overlaps, 0.0, 1.0)
        linear = op.Where(overlaps, 1.0 - iou, 1.0)
        gaussian = op.Exp(-(iou * iou) / sigma)
        weight = op.Where(method == 0, naive, op.Where(method == 1, linear, gaussian))
        after = left * weight
        after = op.Where(after < min_score, -1.0, after)
        after = op.Where(left < 0.0, left, after)
        left = op.ScatterElements(after, place, best * 0.0 - 1.0, axis=1)
        order = op.Concat(order, place, axis=1)
        lowered = op.Concat(lowered, best, axis=1)
    return order, lowered


def _soft_nms(
    bboxes: Value,
    scores: Value,
    iou_threshold: float,
    sigma: float,
    min_score: float,
    method: int,
    max_output: int,
) -> tuple[Value, Value]:
    floats = [op.Constant(value_floats=[v]) for v in (iou_threshold, sigma, min_score)]
    return _soft_nms_loop(bboxes, scores, *floats, _ints(method), _ints(max_output))


def _roi_align(
    feats: Value,
    rois: Value,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    aligned: bool,
) -> Value:
    bboxes = op.Slice(rois, _ints(1), _ints(5), _ints(1))
    image_ids = op.Squeeze(op.Slice(rois, _ints(0), _ints(1), _ints(1)), _ints(1))
    return op.RoiAlign(
        feats,
        bboxes,
        op.Cast(image_ids, to=7),
        coordinate_transformation_mode='half_pixel' if aligned else 'output_half_pixel',
        mode='avg',
        output_height=output_size[0],
        output_width=output_size[1],
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )


def _deform_roi_align(
    feats: Value,
    rois: Value,
    offset: Value,
    output_size: Sequence[int],
    spatial_scale: float,
    sampling_ratio: int,
    offset_scale: float,
) -> Value:
    """Each moved bin is an RoI of its own with a single bin."""
    rows, columns = output_size
    image_ids = op.Slice(rois, _ints(0), _ints(1), _ints(1))
    ones = op.Expand(op.Constant(value_float=1.0), _ints(1, rows * columns))
    pooled = op.RoiAlign(
        feats,
        _moved_bins(rois, offset, rows, columns, offset_scale),
        op.Cast(op.Reshape(op.Mul(image_ids, ones), _ints(-1)), to=7),
        coordinate_transformation_mode='half_pixel',
        mode='avg',
        output_height=1,
        output_width=1,
        sampling_ratio=sampling_ratio,
        spatial_scale=spatial_scale,
    )
    channels = op.Shape(feats, start=1, end=2)
    by_bin = op.Reshape(pooled, op.Concat(_ints(-1, rows * columns), channels, axis=0))
    by_channel = op.Transpose(by_bin, perm=[0, 2, 1])
    return op.Reshape(
        by_channel, op.Concat(_ints(-1), channels, _ints(rows, columns), axis=0)
    )


def _moved_bins(
    rois: Value, offset: Value, rows: int, columns: int, offset_scale: float
) -> Value:
    """Boxes (n * rows * columns, 4) of the bins of RoIs (n, 5)."""
    corner = op.Slice(rois, _ints(1), _ints(3), _ints(1))
    size = op.Sub(op.Slice(rois, _ints(3), _ints(5), _ints(1)), corner)
    bin_size = op.Div(size, op.Constant(value_floats=[float(columns), float(rows)]))
    bins = range(rows * columns)
    places = [value for i in bins for value in divmod(i, columns)[::-1]]
    grid = op.Reshape(
        op.Constant(value_floats=[float(place) for place in places]),
        _ints(1, rows * columns, 2),
    )
    moved = op.Transpose(
        op.Reshape(offset, _ints(-1, 2, rows * columns)), perm=[0, 2, 1]
    )
    steps = op.Mul(moved, op.Constant(value_float=offset_scale))
    low = op.Add(
        op.Unsqueeze(corner, _ints(1)),
        op.Add(
            op.Mul(grid, op.Unsqueeze(bin_size, _ints(1))),
            op.Mul(steps, op.Unsqueeze(size, _ints(1))),
        ),
    )
    high = op.Add(low, op.Unsqueeze(bin_size, _ints(1)))
    return op.Reshape(op.Concat(low, high, axis=2), _ints(-1, 4))


def _local_importance_pool2d(
    input: Value,
    logits: Value,
    kernel_size: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
) -> Value:
    largest = op.ReduceMax(logits, _ints(2, 3), keepdims=1)
    weights = op.Exp(op.Sub(logits, largest))
    windows: dict[str, Any] = dict(
        kernel_shape=list(kernel_size), strides=list(stride), pads=[*padding, *padding]
    )
    weighted = op.AveragePool(op.Mul(input, weights), **windows)
    return op.Div(weighted, op.AveragePool(weights, **windows))
