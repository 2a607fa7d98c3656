"""How CPM R-CNN gets to a box: the heat maps and the box of each stage."""

import numpy as np
import torch
from mmdet.models.detectors import BaseDetector
from torch import Tensor

from mmdet_plus.models.roi_heads import CPMRoIHead
from mmdet_plus.models.roi_heads.grid_heads.grid_points import (
    expand_bboxes,
    sub_region_starts,
)
from mmdet_plus.models.roi_heads.grid_heads.point_grid_head import GridPredictions
from mmdet_plus.models.roi_heads.localisation_cascade import StageOutput

from ..report.plots import COLORS, new_figure, to_png
from .drawing import extent_of, outline, show_around
from .question import Explanation, Question, UnexplainedError

TEXT = (
    'From stage to stage: the heat maps of the grid points, the highest value of all, '
    'over the region that they cover; dashed the box that the stage reads, orange the '
    'one that it finds.'
)


def suits(model: BaseDetector) -> bool:
    """Whether it is CPM R-CNN."""
    return isinstance(getattr(model, 'roi_head', None), CPMRoIHead)


@torch.no_grad()
def explain(question: Question) -> Explanation:
    """A panel for each stage."""
    cascade = question.model.roi_head.grid_heads
    kept: list[list[StageOutput]] = []
    handle = cascade.register_forward_hook(lambda _, __, output: kept.append(output))
    try:
        question.detect()
    finally:
        handle.remove()
    row = question.nearest(kept[-1][-1].bboxes[0]) if kept else None
    if row is None:
        raise UnexplainedError('no box went through the stages')
    return Explanation(TEXT, _plot(question, kept[-1], row))


def _plot(question: Question, stages: list[StageOutput], row: int) -> bytes:
    figure, panels = new_figure(1, len(stages), (2.4, 2.6))
    heads = question.model.roi_head.grid_heads
    for number, (panel, stage) in enumerate(zip(panels, stages, strict=True)):
        boxes = torch.stack([stage.inputs[0][row], stage.bboxes[0][row]])
        before, after = question.in_image(boxes)
        show_around(panel, question.image, question.bbox, room=0.6)
        if isinstance(stage.predictions, GridPredictions):
            region = expand_bboxes(boxes[:1], heads[number].mapping_ratio)
            heat = whole_map(stage.predictions.heatmap_logits[row])
            extent = extent_of(question.in_image(region)[0])
            limits = panel.get_xlim(), panel.get_ylim()
            panel.imshow(heat, 'magma', alpha=0.55, extent=extent, vmin=0, vmax=1)
            panel.set(xlim=limits[0], ylim=limits[1])
        outline(panel, before, color='white', linestyle='--', linewidth=1.2)
        outline(panel, after, color=COLORS[1], linewidth=2)
        panel.set_title(f'stage {number + 1}', fontsize='small')
    return to_png(figure)


def whole_map(logits: Tensor) -> np.ndarray:
    """The heat maps of all points in their places: (2s, 2s) probabilities.

    Args:
        logits: (k * k, s, s) of one RoI, see ``grid_points``.
    """
    num_points, size, _ = logits.shape
    grid_size = round(num_points**0.5)
    starts = sub_region_starts(grid_size, size)
    whole = np.zeros((2 * size, 2 * size), np.float32)
    for point, heat in enumerate(logits.sigmoid().cpu().numpy()):
        left, top = starts[point // grid_size], starts[point % grid_size]
        window = np.s_[top : top + size, left : left + size]
        whole[window] = np.maximum(whole[window], heat)
    return whole
