"""Which anchors RefineDet keeps, and what the refined ones cover."""

from contextlib import ExitStack
from typing import Any

import numpy as np
from mmdet.models.detectors import BaseDetector

from mmdet_plus.models.detectors import RefineDet
from mmdet_plus.models.task_modules.multibox import flatten_levels

from ...watched_calls import calls_of, repeat
from ..parts import Column, Section, Table
from ..recall import proposal_recall
from ..sections.objects import add_recall
from .study import Batch, Boxes, FinishedTest, Study


class AnchorStudy(Study):
    """Share of filtered anchors, and recall of the anchor refinement module."""

    def __init__(self) -> None:
        self.anchors = Boxes()
        self.kept: list[int] = []
        self.totals: list[int] = []

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether it is RefineDet."""
        return isinstance(model, RefineDet)

    def watch(self, model: BaseDetector, batch: Batch, stack: ExitStack) -> None:
        """Keep the refined anchors with their objectness."""

        def keep(original: Any, given: Any) -> Any:
            refinement = repeat(original, given)
            logits = given.args[0]
            scores = flatten_levels(logits, 2).softmax(dim=-1)[..., 0]
            for i, meta in enumerate(batch.metas):
                kept = refinement.kept[i]
                self.kept.append(int(kept.sum()))
                self.totals.append(len(kept))
                self.anchors.add(meta, refinement.priors[i], scores[i][kept])
            return refinement

        stack.enter_context(calls_of(model.arm_head, 'predict_by_feat', keep))

    def section(self, tested: FinishedTest) -> Section:
        """Shares and recall."""
        rows = proposal_recall(tested.data.truth, self.anchors.arranged(tested.data))
        total = sum(self.totals)
        share = 1 - sum(self.kept) / total if total else float('nan')
        section = Section(
            'refinedet_anchors',
            'Which anchors are left? (RefineDet)',
            'Negative anchor filtering leaves out anchors that are surely background. '
            'Below is the part of the objects that the refined anchors with the best '
            'objectness cover, whatever their class.',
            advice=f'{share:.1%} of the anchors are filtered out.',
            data=dict(filtered=share),
        )
        numbers = [
            dict(number='anchors of an image', value=float(np.mean(self.totals))),
            dict(number='kept, mean', value=float(np.mean(self.kept))),
            dict(number='kept, least', value=min(self.kept)),
            dict(number='kept, most', value=max(self.kept)),
        ]
        columns = [Column('number', 'number'), Column('value', 'value')]
        caption = 'Negative anchor filtering'
        add_recall(section, rows, 'arm_recall', 'Recall of refined anchors')
        section.tables.append(Table('anchor_filtering', caption, columns, numbers))
        return section
