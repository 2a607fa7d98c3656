"""Where D2Det looks: sampling points, weights and overlap of a box."""

from contextlib import ExitStack
from typing import Any, NamedTuple

import numpy as np
import torch
from mmdet.models.detectors import BaseDetector
from torch import Tensor, nn

from mmdet_plus.models.roi_heads import D2DetRoIHead
from mmdet_plus.models.roi_heads.bbox_heads.dense_local_regression_head import (
    OVERLAP_THRESHOLD,
)
from mmdet_plus.models.roi_heads.roi_extractors.discriminative_roi_extractor import (
    MAX_LOGIT,
    AdaptiveWeightedPool,
    DiscriminativeRoIExtractor,
    OffsetPredictor,
)

from ..report.plots import COLORS, new_figure, to_png
from .drawing import extent_of, outline, show_around
from .question import Explanation, Question

TEXT = (
    'Left: the sub-regions of discriminative RoI pooling, orange where they were moved '
    'to. Middle: the weights W(F) of the samples, bright is heavy. Right: the cells '
    'that dense local regression takes for parts of the object, bright, and averages.'
)


class Maps(NamedTuple):
    """What is drawn of one box; its upper left corner is 0, 0, the lower right 1, 1."""

    points: np.ndarray
    """(k * k, 2) centres of the moved sub-regions, as fractions of the box."""
    regular: np.ndarray
    """(k * k, 2) the same before they moved."""
    weights: np.ndarray | None
    """(2k, 2k) mean of the logits of W(F) over channels; None without weighting."""
    overlap: np.ndarray | None
    """(k, k) probability that a cell lies in the object."""


def suits(model: BaseDetector) -> bool:
    """Whether it is D2Det with discriminative RoI pooling."""
    head = getattr(model, 'roi_head', None)
    return isinstance(head, D2DetRoIHead) and isinstance(
        head.bbox_roi_extractor, DiscriminativeRoIExtractor
    )


def explain(question: Question) -> Explanation:
    """Sampling points, weights and overlap."""
    row = question.image, question.bbox, read_maps(question)
    return Explanation(TEXT, plot_maps([row]))


@torch.no_grad()
def read_maps(question: Question) -> Maps:
    """Send the box through the RoI head once more."""
    model, batch = question.model, question.batch()
    inputs = batch['inputs']
    rois = torch.cat([torch.zeros(1), question.input_bbox])[None].to(inputs)
    feats = model.extract_feat(inputs)
    head = model.roi_head
    extractor = head.bbox_roi_extractor
    with ExitStack() as stack:
        offsets = _outputs_of(extractor, OffsetPredictor, stack)
        logits = _outputs_of(extractor, nn.InstanceNorm2d, stack, AdaptiveWeightedPool)
        extractor(feats[: extractor.num_inputs], rois)
    regional = head.reg_roi_extractor
    predictions = head.reg_head(regional(feats[: regional.num_inputs], rois))
    overlap = predictions.overlap_logits
    regular, points = sampling_points(
        offsets[0][0], extractor.roi_layers[0].offset_scale
    )
    weights = None
    if logits:
        weights = (MAX_LOGIT * logits[0][0].sigmoid()).mean(dim=0).cpu().numpy()
    probs = None if overlap is None else overlap[0].sigmoid().cpu().numpy()
    return Maps(points, regular, weights, probs)


def sampling_points(
    offset: Tensor, offset_scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Centres of the sub-regions before and after they move, as fractions of the box.

    Args:
        offset: (2, k, k) in x and y.
        offset_scale: step of an offset of 1, as a fraction of the box.
    """
    size = offset.shape[-1]
    steps = (torch.arange(size) + 0.5) / size
    ys, xs = torch.meshgrid(steps, steps, indexing='ij')
    regular = torch.stack([xs, ys])
    moved = regular + offset_scale * offset.cpu()
    return regular.flatten(1).T.numpy(), moved.flatten(1).T.numpy()


def _outputs_of(
    module: nn.Module, kind: type, stack: ExitStack, inside: type | None = None
) -> list[Tensor]:
    """What parts of a kind put out from now on."""
    outputs: list[Tensor] = []
    owners = [p for p in module.modules() if inside is None or isinstance(p, inside)]
    parts = {
        part for owner in owners for part in owner.modules() if isinstance(part, kind)
    }
    for part in parts:
        handle = part.register_forward_hook(lambda _, __, out: outputs.append(out))
        stack.callback(handle.remove)
    return outputs


def plot_maps(rows: list[tuple[np.ndarray, np.ndarray, Maps]]) -> bytes:
    """A row for each image (h, w, 3) RGB, box (4,) xyxy in its pixels, and maps."""
    figure, panels = new_figure(len(rows), 3, (2.4, 2.4))
    for i, (image, bbox, maps) in enumerate(rows):
        own = panels[3 * i : 3 * i + 3]
        for panel in own:
            show_around(panel, image, bbox)
            outline(panel, bbox, color='white', linewidth=1)
        for points, color in ((maps.regular, COLORS[5]), (maps.points, COLORS[1])):
            places = points * (bbox[2:] - bbox[:2]) + bbox[:2]
            style: dict[str, Any] = dict(
                s=9, color=color, edgecolors='black', linewidths=0.3
            )
            own[0].scatter(places[:, 0], places[:, 1], **style)
        extent = extent_of(bbox)
        if maps.weights is not None:
            own[1].imshow(maps.weights, 'viridis', alpha=0.6, extent=extent)
        if maps.overlap is not None:
            limits: dict[str, Any] = dict(vmin=0, vmax=1)
            own[2].imshow(maps.overlap, 'viridis', alpha=0.6, extent=extent, **limits)
            inside = maps.overlap > OVERLAP_THRESHOLD
            own[2].set_title(f'{inside.mean():.0%} inside', fontsize='small')
    return to_png(figure)
