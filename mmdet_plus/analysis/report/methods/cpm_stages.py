"""What each stage of CPM R-CNN finds, after Tables 3 and 4 of the paper."""

from contextlib import ExitStack
from typing import Any

from mmdet.models.detectors import BaseDetector

from mmdet_plus.models.roi_heads import CPMRoIHead

from ...watched_calls import calls_of, repeat
from ..average_precision import summarize
from ..evaluation import evaluate
from ..parts import Column, Picture, Section, Table
from ..plots import plot_lines
from .study import Batch, Boxes, FinishedTest, Study

SHOWN = ('AP', 'AP50', 'AP75', 'APs', 'APm', 'APl')


class StageStudy(Study):
    """AP of the boxes of each stage."""

    def __init__(self) -> None:
        self.stages: list[Boxes] = []

    @staticmethod
    def suits(model: BaseDetector) -> bool:
        """Whether it is CPM R-CNN."""
        return isinstance(getattr(model, 'roi_head', None), CPMRoIHead)

    def watch(self, model: BaseDetector, batch: Batch, stack: ExitStack) -> None:
        """Keep the candidates of all stages, which the last one passes anyway."""
        head = model.roi_head
        self.stages = [Boxes() for _ in range(head.num_stages)]

        def keep(original: Any, given: Any) -> Any:
            stages, test_cfg = (given.arguments[k] for k in ('stages', 'rcnn_test_cfg'))
            metas = given.arguments['batch_img_metas']
            given.arguments['stages'] = range(1, head.num_stages + 1)
            results = repeat(original, given)
            for boxes, candidates in zip(self.stages, results, strict=True):
                ranked = head.rank(candidates, metas, test_cfg)
                for meta, own in zip(metas, ranked, strict=True):
                    boxes.add(meta, own.bboxes, own.scores, own.labels)
            return [results[stage - 1] for stage in stages]

        stack.enter_context(calls_of(head, 'candidates', keep))

    def section(self, tested: FinishedTest) -> Section:
        """AP by stage."""
        rows = []
        for number, boxes in enumerate(self.stages, start=1):
            found = boxes.arranged(tested.data, with_labels=True)
            numbers = summarize(evaluate(tested.data.truth, found).curves)
            rows.append(dict(stage=number, **{name: numbers[name] for name in SHOWN}))
        section = Section(
            'cpm_stages',
            'What does each stage add? (CPM R-CNN)',
            'AP of the boxes of each stage of the cascade mapping module. The IoU '
            'scoring module rates the last stage only. A stage that adds nothing can '
            'be left out.',
        )
        if len(rows) > 1:
            gain = rows[-1]['AP'] - rows[0]['AP']
            section.advice = (
                f'The last stage has {gain:+.3f} AP over the first, '
                f'{rows[-1]["AP75"] - rows[0]["AP75"]:+.3f} AP75.'
            )
        places = [row['stage'] for row in rows]
        lines = {name: (places, [row[name] for row in rows]) for name in SHOWN[:3]}
        content = plot_lines(lines, 'stage', 'AP', whole=True)
        section.pictures.append(Picture('cpm_stages', 'AP by stage', content))
        columns = [Column(name, name) for name in ('stage', *SHOWN)]
        section.tables.append(Table('cpm_stages', 'By stage', columns, rows))
        return section
