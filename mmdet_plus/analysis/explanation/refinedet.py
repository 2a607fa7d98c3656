"""Which anchor RefineDet made a box of: as tiled, refined, and detected."""

from typing import Any

import torch
from mmdet.models.detectors import BaseDetector
from torch import Tensor

from mmdet_plus.models.detectors import RefineDet
from mmdet_plus.models.task_modules.multibox import flatten_levels, tiled_anchors

from ..report.plots import COLORS, new_figure, to_png
from ..watched_calls import calls_of, repeat
from .drawing import outline, show_around
from .question import Explanation, Question, UnexplainedError

TEXT = (
    'Blue: the anchor as it is tiled. Green: refined by the anchor refinement module. '
    'Orange: the detection, which the object detection module made of it. '
    '{share:.0%} of the anchors of the image were left out as surely background.'
)


def suits(model: BaseDetector) -> bool:
    """Whether it is RefineDet."""
    return isinstance(model, RefineDet)


@torch.no_grad()
def explain(question: Question) -> Explanation:
    """The three boxes, and how many anchors were filtered."""
    anchors, priors, found, kept = anchor_boxes(question)
    row = question.nearest(found)
    if row is None:
        raise UnexplainedError('no anchor was kept')
    boxes = question.in_image(torch.stack([anchors[row], priors[row]]))
    share = 1 - float(kept.float().mean())
    figure, (panel,) = new_figure(size=(3.6, 3.6))
    wide = boxes.min(axis=0)[:2], boxes.max(axis=0)[2:]
    shown = question.bbox.copy()
    shown[:2], shown[2:] = (
        shown[:2].clip(max=wide[0]),
        shown[2:].clip(min=wide[1]),
    )
    show_around(panel, question.image, shown, room=0.1)
    outline(panel, boxes[0], color=COLORS[5], linestyle='--', linewidth=1.5)
    outline(panel, boxes[1], color=COLORS[2], linewidth=1.5)
    outline(panel, question.bbox, color=COLORS[1], linewidth=2)
    return Explanation(TEXT.format(share=share), to_png(figure))


def anchor_boxes(question: Question) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The k kept anchors (k, 4) as tiled, refined and detected; which of all n (n,)."""
    model = question.model
    calls: dict[str, Any] = {}

    def keep(name: str) -> Any:
        def listen(original: Any, given: Any) -> Any:
            calls[name] = given.args, repeat(original, given)
            return calls[name][1]

        return listen

    with (
        calls_of(model.arm_head, 'predict_by_feat', keep('arm')),
        calls_of(model.bbox_head, 'predict_by_feat', keep('odm')),
    ):
        question.detect()
    (logits, _), refinement = calls['arm']
    kept, priors = refinement.kept[0], refinement.priors[0]
    anchors = tiled_anchors(model.arm_head.prior_generator, logits)[kept]
    deltas = flatten_levels(calls['odm'][0][1], 4)[0][kept]
    shape = question.item['data_samples'].metainfo['img_shape']
    found = model.bbox_head.bbox_coder.decode(priors, deltas, max_shape=shape[:2])
    return anchors, priors, found, kept
