"""What DCR's refiner said about a box, beside its base detector."""

from typing import Any

import torch
from mmdet.models.detectors import BaseDetector

from mmdet_plus.models.roi_heads.refiners.box_refiner import BoxRefiner

from ..report.plots import COLORS, new_figure, to_png
from ..watched_calls import calls_of, repeat
from .drawing import outline, show_around
from .question import Explanation, Question, UnexplainedError

NUM_CLASSES = 5


def suits(model: BaseDetector) -> bool:
    """Whether there is a refiner."""
    return any(isinstance(part, BoxRefiner) for part in model.modules())


@torch.no_grad()
def explain(question: Question) -> Explanation:
    """The box, and its scores before and after."""
    model = question.model
    refiner = next(part for part in model.modules() if isinstance(part, BoxRefiner))
    calls: list[tuple[Any, Any, Any]] = []

    def keep(original: Any, given: Any) -> Any:
        results = repeat(original, given)
        bboxes, scores = given.arguments['bboxes'], given.arguments['scores']
        calls.append((bboxes[0], scores[0], results[0]))
        return results

    with calls_of(refiner, 'refine', keep):
        question.detect()
    bboxes, base, refined = calls[-1]
    row = question.nearest(bboxes[refined.indices])
    if row is None:
        raise UnexplainedError('the refiner looked at no box')
    before = float(base[refined.indices][row])
    probs = refined.probs[row].cpu()
    name = question.class_names[question.label]
    text = (
        f'The base detector gave the box {before:.2f} for its best class, the refiner '
        f'{float(probs[question.label]):.2f} for {name}; the detection has '
        f'{question.score:.2f} ({refiner.fusion}).'
    )
    return Explanation(text, _plot(question, before, probs.tolist()))


def _plot(question: Question, before: float, probs: list[float]) -> bytes:
    """``probs`` of each class, the background last."""
    figure, (left, right) = new_figure(1, 2, (3.2, 2.6))
    show_around(left, question.image, question.bbox)
    outline(left, question.bbox, color=COLORS[1], linewidth=2)
    names = [*question.class_names, 'background']
    best = sorted(range(len(probs)), key=lambda i: -probs[i])[:NUM_CLASSES]
    bars = [('base, best class', before, COLORS[5])]
    bars += [(f'refined, {names[i]}', probs[i], COLORS[0]) for i in best]
    bars.append(('detection', question.score, COLORS[1]))
    labels, values, colors = zip(*bars, strict=True)
    drawn = right.barh(range(len(bars)), values, color=colors)
    right.bar_label(drawn, fmt='%.2f', padding=3, fontsize='small')
    right.set_yticks(range(len(bars)), labels, fontsize='small')
    right.invert_yaxis()
    right.set(xlim=(0, 1.2), xlabel='score')
    return to_png(figure)
