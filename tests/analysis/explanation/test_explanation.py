"""Explanations of what the shipped models find, and what they are drawn from."""

import numpy as np
import pytest
import torch
from mmengine.dataset import pseudo_collate
from torch import nn

from mmdet_plus.analysis.explanation import (
    Question,
    UnexplainedError,
    can_explain,
    explain_box,
)
from mmdet_plus.analysis.explanation.cpm_rcnn import whole_map
from mmdet_plus.analysis.explanation.refinedet import anchor_boxes
from mmdet_plus.apis import DetInferencer
from mmdet_plus.datasets.shapes.generation import CLASSES, draw_scene

WORDS = {
    'd2det': 'discriminative RoI pooling',
    'cpm-rcnn': 'From stage to stage',
    'faster-rcnn-dcrv2': 'the refiner',
    'refinedet320': 'anchors of the image were left out',
}


def question_of(name, row=0):
    inferencer = DetInferencer(f'{name}_tiny_shapes', show_progress=False)
    bgr = draw_scene(1, 'val', 8, 320).image
    item = inferencer.pipeline(bgr)
    with torch.no_grad():
        (sample,) = inferencer.model.test_step(pseudo_collate([item]))
    found = sample.pred_instances[row]
    return Question(
        inferencer.model,
        item,
        bgr[..., ::-1],
        found.bboxes[0].numpy(),
        int(found.labels[0]),
        float(found.scores[0]),
        list(CLASSES),
    )


@pytest.mark.parametrize('name', WORDS)
def test_each_method_tells_something(name):
    question = question_of(name)
    assert can_explain(question.model)
    told = explain_box(question)
    assert WORDS[name] in told.text
    assert told.picture[:4] == b'\x89PNG'
    # Nothing listens any more.
    assert explain_box(question).text == told.text


def test_the_anchor_of_a_box_is_the_one_it_was_made_of():
    for row in (0, 1):
        question = question_of('refinedet320', row)
        anchors, priors, found, kept = anchor_boxes(question)
        nearest = question.nearest(found)
        np.testing.assert_allclose(
            question.in_image(found[nearest]), question.bbox, atol=1e-2
        )
        assert len(anchors) == len(priors) == kept.sum() < len(kept)


def test_heat_maps_lie_in_their_places():
    logits = torch.full((4, 2, 2), -100.0)
    logits[0, 0, 0] = 100.0  # left above
    logits[1, 1, 0] = 100.0  # left below
    logits[3, 1, 1] = 0.0  # right below
    wanted = np.zeros((4, 4))
    wanted[0, 0] = wanted[3, 0] = 1
    wanted[3, 3] = 0.5
    np.testing.assert_allclose(whole_map(logits), wanted, atol=1e-6)


def test_other_detectors():
    assert not can_explain(nn.Identity())
    question = Question(nn.Identity(), {}, None, None, 0, 0.5, [])
    with pytest.raises(UnexplainedError, match='D2Det, CPM R-CNN, DCR and RefineDet'):
        explain_box(question)
