"""Recall of the proposals of a region proposal network."""

from contextlib import ExitStack
from typing import Any

from mmdet.models.detectors import BaseDetector

from ...watched_calls import calls_of, repeat
from ..parts import Section
from ..recall import proposal_recall
from ..sections.objects import add_recall
from .study import Batch, Boxes, FinishedTest, Study


class ProposalStudy(Study):
    """How many objects the second stage gets to see."""

    def __init__(self) -> None:
        self.proposals = Boxes()

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether there is a region proposal network."""
        return hasattr(getattr(model, 'rpn_head', None), 'predict')

    def watch(self, model: BaseDetector, batch: Batch, stack: ExitStack) -> None:
        """Keep what the network proposes."""

        def keep(original: Any, given: Any) -> Any:
            results = repeat(original, given)
            for meta, own in zip(batch.metas, results, strict=True):
                self.proposals.add(meta, own.bboxes, own.scores)
            return results

        stack.enter_context(calls_of(model.rpn_head, 'predict', keep))

    def section(self, tested: FinishedTest) -> Section:
        """Recall by number of proposals."""
        proposals = self.proposals.arranged(tested.data)
        rows = proposal_recall(tested.data.truth, proposals)
        reached = rows[-1]['R50']
        section = Section(
            'proposals',
            'Do the proposals cover the objects?',
            'Part of the objects that the best proposals of an image cover, whatever '
            'their class. What no proposal covers, no head can find.',
        )
        if reached < 0.9:
            section.advice = (
                f'{1 - reached:.1%} of the objects have no proposal at an IoU of 0.5: '
                'look at the sizes and shapes of the anchors before the heads.'
            )
        add_recall(section, rows, 'proposals', 'Recall of proposals')
        return section
