"""What DCR's refiner says about the boxes of its base detector."""

from contextlib import ExitStack
from typing import Any

import numpy as np
from mmdet.models.detectors import BaseDetector
from pycocotools import mask as coco_mask

from mmdet_plus.models.roi_heads.refiners.box_refiner import BoxRefiner

from ...watched_calls import calls_of, repeat
from ..evaluation import IOU_THR
from ..parts import Column, Picture, Section, Table
from ..plots import COLORS, new_figure, to_png
from .study import Batch, FinishedTest, Study

NUM_BINS = 5
MAX_POINTS = 4000


class RefinerStudy(Study):
    """Base score against refined score, on objects and beside them."""

    def __init__(self) -> None:
        self._parts: list[tuple[Any, np.ndarray, np.ndarray, np.ndarray]] = []

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether there is a refiner."""
        return any(isinstance(part, BoxRefiner) for part in model.modules())

    def watch(self, model: BaseDetector, batch: Batch, stack: ExitStack) -> None:
        """Keep the scores of the boxes that are refined."""
        (refiner,) = {part for part in model.modules() if isinstance(part, BoxRefiner)}

        def keep(original: Any, given: Any) -> Any:
            results = repeat(original, given)
            bboxes, scores = given.arguments['bboxes'], given.arguments['scores']
            for meta, boxes, base, own in zip(
                batch.metas, bboxes, scores, results, strict=True
            ):
                factors = boxes.new_tensor(meta.get('scale_factor', (1, 1))).repeat(2)
                values = (
                    boxes[own.indices] / factors,
                    base[own.indices],
                    own.probs[:, :-1].max(dim=1).values,
                )
                arrays = [value.detach().cpu().numpy() for value in values]
                self._parts.append((meta['img_id'], *arrays))
            return results

        stack.enter_context(calls_of(refiner, 'refine', keep))

    def section(self, tested: FinishedTest) -> Section:
        """A scatter and a table by base score."""
        section = Section(
            'dcr_scores',
            'What does the refiner change? (DCR)',
            'Best foreground score of each refined box, by the base detector and by '
            'the refiner. Boxes on an object (IoU 0.5, any class) should stay up, all '
            'others should fall.',
        )
        base, refined, on_object = self._joined(tested)
        if not len(base):
            section.notes.append('No box was refined.')
            return section
        rows = score_rows(base, refined, on_object)
        section.pictures.append(
            Picture('dcr_scores', 'Both scores', _plot(base, refined, on_object))
        )
        columns = [Column('low', 'base score from'), Column('high', 'to')]
        columns += [
            Column('on_object', 'boxes on objects'),
            Column('refined_on_object', 'refined score'),
            Column('beside', 'other boxes'),
            Column('refined_beside', 'refined score'),
        ]
        caption = 'Mean refined score by base score'
        section.tables.append(Table('dcr_scores', caption, columns, rows))
        return section

    def _joined(
        self, tested: FinishedTest
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        truth, places = tested.data.truth, tested.data.places
        columns: list[list[np.ndarray]] = [[np.zeros(0)], [np.zeros(0)], [np.zeros(0)]]
        for name, boxes, base, refined in self._parts:
            objects = truth.of_image(places[name])
            usable = truth.bboxes[objects][~truth.crowd[objects]]
            wide = np.concatenate([boxes[:, :2], boxes[:, 2:] - boxes[:, :2]], axis=1)
            best = np.zeros(len(wide))
            if len(wide) and len(usable):
                crowd = np.zeros(len(usable), np.uint8)
                ious = coco_mask.iou(wide.astype(float), usable, crowd)
                best = np.asarray(ious).max(axis=1)
            for column, values in zip(columns, (base, refined, best), strict=True):
                column.append(values)
        base, refined, best = (np.concatenate(column) for column in columns)
        return base, refined, best >= IOU_THR


def score_rows(
    base: np.ndarray, refined: np.ndarray, on_object: np.ndarray
) -> list[dict]:
    """Mean refined score by base score, of boxes on objects and of others.

    Args:
        base: (n,) in [0, 1].
        refined: (n,) in [0, 1].
        on_object: (n,) bool.
    """
    places = np.clip((base * NUM_BINS).astype(int), 0, NUM_BINS - 1)
    rows = []
    for index in range(NUM_BINS):
        row: dict = dict(low=index / NUM_BINS, high=(index + 1) / NUM_BINS)
        for name, chosen in (('on_object', on_object), ('beside', ~on_object)):
            own = refined[chosen & (places == index)]
            row[name] = len(own)
            row[f'refined_{name}'] = float(own.mean()) if len(own) else float('nan')
        rows.append(row)
    return rows


def _plot(base: np.ndarray, refined: np.ndarray, on_object: np.ndarray) -> bytes:
    figure, (panel,) = new_figure(size=(4.6, 3.8))
    step = max(1, len(base) // MAX_POINTS)
    for chosen, name, color in (
        (~on_object, 'beside', COLORS[3]),
        (on_object, 'on an object', COLORS[0]),
    ):
        x, y = base[chosen][::step], refined[chosen][::step]
        panel.scatter(x, y, s=7, alpha=0.4, label=name, color=color, linewidths=0)
    panel.plot([0, 1], [0, 1], color='black', linestyle='--', linewidth=1)
    panel.set(xlabel='base score', ylabel='refined score', xlim=(0, 1), ylim=(0, 1))
    panel.legend(fontsize='small', markerscale=2)
    return to_png(figure)
