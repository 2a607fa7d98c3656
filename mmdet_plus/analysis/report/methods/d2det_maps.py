"""Where D2Det looks: sampling points, weights and overlap, drawn on images."""

from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any, NamedTuple

import cv2
import numpy as np
import torch
from matplotlib.axes import Axes
from mmdet.models.detectors import BaseDetector
from mmengine.dataset import pseudo_collate
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

from ..parts import Picture, Section
from ..plots import COLORS, new_figure, to_png
from .study import FinishedTest, Study

NUM_EXAMPLES = 6
MIN_SIDE = 24  # pixels of a box that shows something


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


class LocalMapStudy(Study):
    """Drawings for the surest detections of different images."""

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether it is D2Det with discriminative RoI pooling."""
        head = getattr(model, 'roi_head', None)
        return isinstance(head, D2DetRoIHead) and isinstance(
            head.bbox_roi_extractor, DiscriminativeRoIExtractor
        )

    def section(self, tested: FinishedTest) -> Section:
        """A picture with a row for each example."""
        section = Section(
            'd2det_maps',
            'Where does it look? (D2Det)',
            'The surest detections that are right, one of an image. Left: the '
            'sub-regions of discriminative RoI pooling, orange where they were moved '
            'to. Middle: the weights W(F) of the samples, mean over channels, bright '
            'is heavy. Right: the cells that dense local regression takes for parts '
            'of the object (bright) and averages. Points that crowd together, or '
            'weights that are all alike, say that the pooling has not learnt much.',
        )
        drawn = (_draw_row(tested, index) for index in _surest(tested))
        rows = [row for row in drawn if row is not None]
        if rows:
            content = _plot(rows)
            caption = 'Sampling points, weights W(F), overlap'
            section.pictures.append(Picture('d2det_maps', caption, content))
        else:
            section.notes.append('There is no detection to show.')
        return section


def _surest(tested: FinishedTest) -> Iterator[int]:
    """Detections that are right, of different images, the best score first."""
    evaluation = tested.evaluation
    found = evaluation.found
    large = found.bboxes[:, 2:].min(axis=1, initial=np.inf) >= MIN_SIDE
    order = np.flatnonzero(evaluation.correct & large)
    order = order[np.argsort(-found.scores[order], kind='stable')]
    _, first = np.unique(found.images[order], return_index=True)
    yield from order[np.sort(first)[:NUM_EXAMPLES]].tolist()


def _draw_row(
    tested: FinishedTest, index: int
) -> tuple[np.ndarray, np.ndarray, Maps] | None:
    """Image (h, w, 3) RGB, box (4,) xywh in its pixels, and maps of a detection."""
    found, data = tested.evaluation.found, tested.data
    place = int(found.images[index])
    image = cv2.imread(data.truth.files[place])
    if image is None:
        return None
    numbers = {
        tested.data.places[tested.dataset.get_data_info(i)['img_id']]: i
        for i in range(len(tested.dataset))
    }
    bbox = found.bboxes[index]
    maps = read_maps(tested, numbers[place], bbox)
    return image[..., ::-1], bbox, maps


@torch.no_grad()
def read_maps(tested: FinishedTest, number: int, bbox: np.ndarray) -> Maps:
    """Send a box (4,) xywh, pixels of the original image, through the RoI head."""
    model = tested.model
    batch = model.data_preprocessor(pseudo_collate([tested.dataset[number]]), False)
    (sample,) = batch['data_samples']
    x, y, width, height = bbox
    corners = torch.tensor([x, y, x + width, y + height], dtype=torch.float32)
    factors = torch.tensor(sample.metainfo.get('scale_factor', (1, 1))).repeat(2)
    inputs = batch['inputs']
    rois = torch.cat([torch.zeros(1), corners * factors])[None].to(inputs)
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


def _plot(rows: list[tuple[np.ndarray, np.ndarray, Maps]]) -> bytes:
    figure, panels = new_figure(len(rows), 3, (2.4, 2.4))
    for i, (image, bbox, maps) in enumerate(rows):
        x, y, width, height = bbox
        own = panels[3 * i : 3 * i + 3]
        for panel in own:
            _frame(panel, image, bbox)
        for points, color in ((maps.regular, COLORS[5]), (maps.points, COLORS[1])):
            places = points * [width, height] + [x, y]
            style: dict[str, Any] = dict(
                s=9, color=color, edgecolors='black', linewidths=0.3
            )
            own[0].scatter(places[:, 0], places[:, 1], **style)
        extent = (x, x + width, y + height, y)
        if maps.weights is not None:
            own[1].imshow(maps.weights, 'viridis', alpha=0.6, extent=extent)
        if maps.overlap is not None:
            limits: dict[str, Any] = dict(vmin=0, vmax=1)
            own[2].imshow(maps.overlap, 'viridis', alpha=0.6, extent=extent, **limits)
            inside = maps.overlap > OVERLAP_THRESHOLD
            own[2].set_title(f'{inside.mean():.0%} inside', fontsize='small')
    return to_png(figure)


def _frame(panel: Axes, image: np.ndarray, bbox: np.ndarray) -> None:
    """The image around a box (4,) xywh, and the box."""
    x, y, width, height = bbox
    room = 0.3 * max(width, height)
    panel.imshow(image)
    panel.plot(
        [x, x + width, x + width, x, x],
        [y, y, y + height, y + height, y],
        color='white',
        linewidth=1,
    )
    panel.set(
        xlim=(max(x - room, 0), min(x + width + room, image.shape[1])),
        ylim=(min(y + height + room, image.shape[0]), max(y - room, 0)),
    )
    panel.set_axis_off()
