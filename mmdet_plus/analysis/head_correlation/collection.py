"""Collects the analysis of Double-Head R-CNN, sec. 3, image by image."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from mmdet.datasets import BaseDetDataset
from mmdet.models.detectors import TwoStageDetector
from mmdet.structures.bbox import bbox_overlaps
from mmengine.dataset import pseudo_collate
from torch import Tensor

from mmdet_plus.models.task_modules.bbox_geometry import clip_bboxes

from .measures import (
    SIZE_GROUPS,
    RunningBins,
    RunningCorrelation,
    size_groups,
    sliding_windows,
    spatial_correlation,
    weight_correlation,
)
from .readings import HEADS, check_double_head, first_fc_weight, read_heads, read_maps

NUM_BINS = 20  # of proposal IoU, sec. 3.1
MIN_SIDE = 1.0  # pixels of a proposal that clipping leaves
ALL = 'all'


@dataclass(frozen=True)
class AnalysisOptions:
    """Which proposals are made and how objects are grouped.

    Attributes:
        shifts: of the centre, as fractions of the object's size.
        scales: of width and height.
        small: areas below, in square pixels of the original image, are small.
        medium: areas below are medium.
        chunk: proposals that go through the heads at once.
    """

    shifts: Sequence[float] = (-0.75, -0.5, -0.25, 0.0, 0.25, 0.5, 0.75)
    scales: Sequence[float] = (0.7, 1.0, 1.4)
    small: float = 32**2
    medium: float = 96**2
    chunk: int = 512


class HeadCorrelationAnalysis:
    """Scores, regressed boxes and features of both heads around ground truth boxes.

    Differs from the paper: objects are grouped by the area of their boxes, proposals
    are clipped to the image, and there are fewer of them (441 of each object by default
    instead of about 14000).

    Args:
        model: a detector whose ``roi_head`` is a Double-Head, in evaluation mode.
        options: see :class:`AnalysisOptions`.
    """

    def __init__(self, model: TwoStageDetector, options: AnalysisOptions) -> None:
        check_double_head(getattr(model, 'roi_head', None))
        self.model = model
        self.options = options
        groups = [(h, g) for h in HEADS for g in (ALL, *SIZE_GROUPS)]
        self.score_correlation = {key: RunningCorrelation() for key in groups}
        self.scores = {key: RunningBins(NUM_BINS) for key in groups}
        self.regressed_ious = {key: RunningBins(NUM_BINS) for key in groups}
        self.num_objects = 0
        self._spatial_sums: dict[str, Tensor] = {}

    @torch.no_grad()
    def add_image(self, dataset: BaseDetDataset, index: int) -> None:
        """Add the objects of one image; ignored ones are left out.

        Args:
            dataset: with the pipeline of the test, and annotations.
            index: of the image.
        """
        gt_bboxes, labels = _ground_truth(dataset, index)
        if len(labels) == 0:
            return
        data = self.model.data_preprocessor(pseudo_collate([dataset[index]]))
        (sample,) = data['data_samples']
        x = self.model.extract_feat(data['inputs'])
        scale = gt_bboxes.new_tensor(sample.scale_factor).repeat(2)
        device = x[0].device
        areas = (gt_bboxes[:, 2:] - gt_bboxes[:, :2]).prod(dim=1)
        groups = size_groups(areas, self.options.small, self.options.medium)
        gt_bboxes = (gt_bboxes * scale).to(device)
        self._add_maps(x, gt_bboxes)
        self._add_windows(
            x, gt_bboxes, labels.to(device), groups.to(device), sample.img_shape
        )
        self.num_objects += len(labels)

    def _add_windows(
        self,
        x: tuple[Tensor, ...],
        gt_bboxes: Tensor,
        labels: Tensor,
        groups: Tensor,
        img_shape: tuple[int, int],
    ) -> None:
        windows = sliding_windows(gt_bboxes, self.options.shifts, self.options.scales)
        objects = torch.arange(len(labels), device=labels.device)
        objects = objects.repeat_interleave(windows.shape[1])
        bboxes = clip_bboxes(windows.flatten(0, 1), img_shape)
        kept = ((bboxes[:, 2:] - bboxes[:, :2]) >= MIN_SIDE).all(dim=1)
        for rows in kept.nonzero()[:, 0].split(self.options.chunk):
            if len(rows) == 0:
                continue
            own = objects[rows]
            self._add_chunk(x, bboxes[rows], gt_bboxes[own], labels[own], groups[own])

    def _add_chunk(
        self,
        x: tuple[Tensor, ...],
        bboxes: Tensor,
        gt_bboxes: Tensor,
        labels: Tensor,
        groups: Tensor,
    ) -> None:
        rois = torch.cat([bboxes.new_zeros(len(bboxes), 1), bboxes], dim=1)
        ious = bbox_overlaps(bboxes, gt_bboxes, is_aligned=True)
        readings = read_heads(self.model.roi_head, x, rois, labels)
        members = {name: groups == i for i, name in enumerate(SIZE_GROUPS)}
        members[ALL] = torch.ones_like(groups, dtype=torch.bool)
        for head, (scores, regressed) in readings.items():
            for group, mask in members.items():
                key = (head, group)
                if scores is not None:
                    self.score_correlation[key].update(ious[mask], scores[mask])
                    self.scores[key].update(ious[mask], scores[mask])
                if regressed is not None:
                    reached = bbox_overlaps(regressed, gt_bboxes, is_aligned=True)
                    self.regressed_ious[key].update(ious[mask], reached[mask])

    def _add_maps(self, x: tuple[Tensor, ...], gt_bboxes: Tensor) -> None:
        rois = torch.cat([gt_bboxes.new_zeros(len(gt_bboxes), 1), gt_bboxes], dim=1)
        for head, maps in read_maps(self.model.roi_head, x, rois).items():
            total = spatial_correlation(maps).sum(dim=0).cpu()
            name = f'{head}_features'
            self._spatial_sums[name] = self._spatial_sums.get(name, 0) + total

    def correlation_rows(self) -> list[dict]:
        """Pearson correlation of score and IoU, of each head that classifies."""
        return [
            dict(head=head, size=size, proposals=own.count, pearson=own.value())
            for (head, size), own in self.score_correlation.items()
            if self.score_correlation[head, ALL].count > 0
        ]

    def bin_rows(self) -> list[dict]:
        """Mean and deviation of score and regressed IoU by proposal IoU."""
        rows = []
        for quantity, collected in (
            ('score', self.scores),
            ('regressed_iou', self.regressed_ious),
        ):
            for (head, size), bins in collected.items():
                if not any(count for count, _, _ in collected[head, ALL].rows()):
                    continue
                for i, (count, mean, std) in enumerate(bins.rows()):
                    place = dict(iou_low=i / NUM_BINS, iou_high=(i + 1) / NUM_BINS)
                    what = dict(quantity=quantity, head=head, size=size)
                    rows.append(
                        dict(what, **place, proposals=count, mean=mean, std=std)
                    )
        return rows

    def spatial_maps(self) -> dict[str, Tensor]:
        """Matrices (k * k, k * k): features of both heads, weights of the fc-head."""
        maps = {
            name: total / self.num_objects for name, total in self._spatial_sums.items()
        }
        weight = first_fc_weight(self.model.roi_head)
        if weight is not None:
            side = self.model.roi_head.bbox_head.roi_feat_size[0]
            maps['fc_weights'] = weight_correlation(weight.detach().cpu(), side)
        return maps


def _ground_truth(dataset: BaseDetDataset, index: int) -> tuple[Tensor, Tensor]:
    """Boxes (g, 4) xyxy in pixels of the original image, and labels (g,)."""
    instances = [
        instance
        for instance in dataset.get_data_info(index)['instances']
        if not instance['ignore_flag']
    ]
    bboxes = torch.tensor([i['bbox'] for i in instances], dtype=torch.float32)
    labels = torch.tensor([i['bbox_label'] for i in instances], dtype=torch.long)
    return bboxes.view(-1, 4), labels
