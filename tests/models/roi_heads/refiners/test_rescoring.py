"""Both places of refinement, with probabilities written by hand."""

import pytest
import torch
from mmengine.config import ConfigDict
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from samples.dcr import StubRefiner

from mmdet_plus.models.roi_heads.refiners import rescoring
from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs
from mmdet_plus.models.roi_heads.refiners.rescoring import (
    rescore_candidates,
    rescore_detections,
    top_class_boxes,
)

init_default_scope('mmdet')
INPUTS = RefinerInputs(torch.zeros(1, 3, 64, 96))
META = dict(img_shape=(64, 96), scale_factor=(2.0, 4.0))
BOXES = torch.tensor([[0.0, 0, 8, 8], [20, 20, 40, 40], [1, 0, 8, 8]])
SCORES = torch.tensor(
    [[0.5, 0.4, 0.0, 0.1], [0.2, 0.0, 0.7, 0.1], [0.0, 0.9, 0.1, 0.0]]
)
TEST_CFG = ConfigDict(
    score_thr=0.01, nms=dict(type='nms', iou_threshold=0.5), max_per_img=10
)
PROBS = torch.tensor([[0.9, 0.1, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.2, 0.2, 0.2, 0.4]])


class HandRefiner(StubRefiner):
    """Probabilities ``PROBS`` for the boxes of ``BOXES``, in any order."""

    deltas = None

    def predict(self, inputs, rois):
        rows = [BOXES.tolist().index(box) for box in rois[:, 1:].tolist()]
        return PROBS[rows], None if self.deltas is None else self.deltas[rows]


def found(results):
    return {
        (label, round(score, 4))
        for label, score in zip(
            results.labels.tolist(), results.scores.tolist(), strict=True
        )
    }


def candidates():
    return [InstanceData(bboxes=BOXES, scores=SCORES)]


def detections():
    return [
        InstanceData(
            bboxes=BOXES.clone(),
            scores=torch.tensor([0.9, 0.7, 0.5]),
            labels=torch.tensor([1, 2, 0]),
            masks=torch.tensor([10, 11, 12]),
        )
    ]


def test_vectors_are_multiplied_before_suppression():
    refiner = HandRefiner()
    (before,) = rescore_candidates(
        StubRefiner(), INPUTS, candidates(), [META], TEST_CFG, False
    )
    # The third box suppresses the first one of class 1.
    assert found(before) == {(0, 0.5), (1, 0.9), (2, 0.7), (0, 0.2), (2, 0.1)}
    (after,) = rescore_candidates(
        refiner, INPUTS, candidates(), [META], TEST_CFG, False
    )
    assert found(after) == {(0, 0.45), (1, 0.18), (2, 0.35), (2, 0.02)}
    assert after.scores.tolist() == sorted(after.scores.tolist(), reverse=True)


@pytest.mark.parametrize(
    ('fusion', 'top_p', 'expected'),
    [
        (
            'average',
            1.0,
            {(0, 0.7), (1, 0.55), (2, 0.6), (0, 0.1), (1, 0.25), (2, 0.15)},
        ),
        ('refiner_only', 1.0, {(0, 0.9), (1, 0.2), (1, 0.5), (2, 0.5), (2, 0.2)}),
        # Only the third box is refined; then the first wins class 1.
        ('multiply', 0.3, {(0, 0.5), (0, 0.2), (1, 0.4), (2, 0.7), (2, 0.02)}),
        ('multiply', 0.0, {(0, 0.5), (1, 0.9), (2, 0.7), (0, 0.2), (2, 0.1)}),
    ],
)
def test_fusion_and_top_sampling(fusion, top_p, expected):
    refiner = HandRefiner(fusion=fusion, top_p=top_p)
    (after,) = rescore_candidates(
        refiner, INPUTS, candidates(), [META], TEST_CFG, False
    )
    assert found(after) == expected


@pytest.mark.parametrize(
    ('fusion', 'score_thr', 'looked_at'),
    [
        ('multiply', 0.01, [0, 1, 2]),
        ('multiply', 0.5, [1, 2]),  # not above 0.5, by nothing that is seen there
        ('multiply', 0.6, [1, 2]),
        ('multiply', 0.8, [2]),
        ('multiply', 0.95, []),
        ('average', 0.5, [0, 1, 2]),
        ('average', 0.8, [1, 2]),
        ('refiner_only', 0.99, [0, 1, 2]),
    ],
)
def test_boxes_that_cannot_become_detections_are_not_looked_at(
    fusion, score_thr, looked_at, monkeypatch
):
    seen = []
    refiner = HandRefiner(fusion=fusion)
    predict = refiner.predict

    def record(inputs, rois):
        seen.extend(BOXES.tolist().index(box) for box in rois[:, 1:].tolist())
        return predict(inputs, rois)

    monkeypatch.setattr(refiner, 'predict', record)
    cfg = ConfigDict(TEST_CFG, score_thr=score_thr)
    (after,) = rescore_candidates(refiner, INPUTS, candidates(), [META], cfg, False)
    assert sorted(seen) == looked_at
    everything = ConfigDict(TEST_CFG, score_thr=0.0)
    (expected,) = rescore_candidates(
        refiner, INPUTS, candidates(), [META], everything, False
    )
    assert found(after) == {own for own in found(expected) if own[1] > score_thr}


class CountingRefiner(StubRefiner):
    """Probabilities that depend on the box; counts the boxes that it looks at."""

    looked_at = 0

    def predict(self, inputs, rois):
        self.looked_at += len(rois)
        logits = torch.stack([(rois[:, 1:] * k).sum(dim=1).sin() for k in (3, 5, 7, 9)])
        probs = (4 * logits.T).softmax(dim=1)
        deltas = probs[:, :1].expand(-1, 4) if self.with_reg else None
        return probs, deltas


def crowded_images(counts=(700, 300)):
    generator = torch.Generator().manual_seed(0)
    images = []
    for count in counts:
        corners = torch.rand(count, 2, generator=generator) * 50
        sizes = 5 + torch.rand(count, 2, generator=generator) * 30
        logits = 5 * torch.randn(count, 4, generator=generator)
        boxes = torch.cat([corners, corners + sizes], dim=1)
        images.append(InstanceData(bboxes=boxes, scores=logits.softmax(dim=1)))
    return images


@pytest.mark.parametrize('nms', ['nms', 'soft_nms'])
@pytest.mark.parametrize('with_reg', [False, True])
@pytest.mark.parametrize('fusion', ['multiply', 'average', 'refiner_only'])
@pytest.mark.parametrize('top_p', [0.5, 1.0])
def test_boxes_below_the_last_detection_need_no_look(
    nms, with_reg, fusion, top_p, monkeypatch
):
    limits = dict(nms=dict(type=nms, iou_threshold=0.5), max_per_img=10)
    cfg = ConfigDict(TEST_CFG, **limits)

    def run():
        torch.manual_seed(0)
        refiner = CountingRefiner(fusion=fusion, with_reg=with_reg, top_p=top_p)
        given = [crowded_images(), [META, META], cfg, True]
        return rescore_candidates(refiner, INPUTS, *given), refiner.looked_at

    rounds, few = run()
    monkeypatch.setattr(rescoring, 'FIRST_ROUND', 10_000)
    at_once, many = run()
    for own, expected in zip(rounds, at_once, strict=True):
        assert len(own) == 10
        assert own.labels.equal(expected.labels)
        torch.testing.assert_close(own.bboxes, expected.bboxes)
        torch.testing.assert_close(own.scores, expected.scores)
    assert few == many if fusion == 'refiner_only' else few < many


@pytest.mark.parametrize(('most', 'times'), [(10, 3), (1000, 4), (-1, 2)])
def test_duplicates_are_suppressed_once_a_round(most, times, monkeypatch):
    """Of 700 boxes after 128, 256 and the rest, if no earlier; of 100 at the end."""
    calls = []
    suppress = rescoring.best_of_classes
    monkeypatch.setattr(
        rescoring, 'best_of_classes', lambda *own: calls.append(own) or suppress(*own)
    )
    cfg = ConfigDict(TEST_CFG, score_thr=0.0, max_per_img=most)
    given = crowded_images((700, 100))
    rescore_candidates(CountingRefiner(), INPUTS, given, [META, META], cfg, True)
    assert len(calls) == times


def test_without_a_limit_all_boxes_are_looked_at():
    refiner = CountingRefiner()
    cfg = ConfigDict(TEST_CFG, score_thr=0.0, max_per_img=-1)
    rescore_candidates(refiner, INPUTS, crowded_images(), [META, META], cfg, False)
    assert refiner.looked_at == 1000


def test_detections_take_the_probability_of_their_class():
    refiner = HandRefiner()
    given = detections()
    (after,) = rescore_detections(refiner, INPUTS, given, [META], False)
    # 0.9 * 0.1, 0.7 * 0.5, 0.5 * 0.2; the rest follows its detection.
    torch.testing.assert_close(after.scores, torch.tensor([0.35, 0.1, 0.09]))
    assert after.labels.tolist() == [2, 0, 1]
    assert after.masks.tolist() == [11, 12, 10]
    assert after.bboxes.equal(BOXES[[1, 2, 0]])
    assert given[0].scores.tolist() == pytest.approx([0.9, 0.7, 0.5])


def test_detections_of_the_original_image_are_looked_up_in_the_input():
    refiner = HandRefiner()
    given = detections()
    given[0].bboxes = BOXES / torch.tensor([2.0, 4, 2, 4])
    (after,) = rescore_detections(refiner, INPUTS, given, [META], True)
    torch.testing.assert_close(after.scores, torch.tensor([0.35, 0.1, 0.09]))
    assert after.bboxes.equal(given[0].bboxes[[1, 2, 0]])


def test_moved_detections_stay_in_pixels_of_the_original_image(monkeypatch):
    # One width to the right.
    deltas = torch.tensor([[10.0, 0, 0, 0]]).expand(3, 4)
    monkeypatch.setattr(HandRefiner, 'deltas', deltas)
    given = detections()
    given[0].bboxes = BOXES / torch.tensor([2.0, 4, 2, 4])
    (after,) = rescore_detections(HandRefiner(), INPUTS, given, [META], True)
    assert after.bboxes.tolist() == [[20, 5, 30, 10], [4, 0, 7.5, 2], [4, 0, 8, 2]]


def test_candidates_are_rescaled_at_the_end():
    (after,) = rescore_candidates(
        StubRefiner(), INPUTS, candidates(), [META], TEST_CFG, True
    )
    best = after[after.labels == 2][0]
    assert best.bboxes.tolist() == [[10, 5, 20, 10]]


def test_the_box_branch_moves_refined_boxes_only():
    # A tenth of a unit is a hundredth of the width to the right.
    HandRefiner.deltas = torch.tensor([[0.1, 0, 0, 0]]).expand(3, 4)
    try:
        refiner = HandRefiner(top_p=0.3)
        (after,) = rescore_detections(refiner, INPUTS, detections(), [META], False)
        moved = after[after.labels == 1].bboxes
        torch.testing.assert_close(moved, torch.tensor([[0.08, 0, 8.08, 8]]))
        assert after[after.labels == 2].bboxes.equal(BOXES[1:2])
        cfg = ConfigDict(TEST_CFG, score_thr=0.6)
        given = [InstanceData(bboxes=BOXES.repeat(1, 3), scores=SCORES.clone())]
        refiner = HandRefiner(fusion='refiner_only')
        (after,) = rescore_candidates(refiner, INPUTS, given, [META], cfg, False)
        torch.testing.assert_close(after.bboxes, torch.tensor([[0.08, 0, 8.08, 8]]))
    finally:
        HandRefiner.deltas = None


def test_every_box_has_offsets_of_its_own_and_stays_in_the_image(monkeypatch):
    # One width to the right, and four, beyond the image of 96 pixels.
    deltas = torch.tensor([[10.0, 0, 0, 0], [40, 0, 0, 0], [0, 0, 0, 0]])
    monkeypatch.setattr(HandRefiner, 'deltas', deltas)
    cfg = ConfigDict(TEST_CFG, score_thr=0.3)
    given = [InstanceData(bboxes=BOXES.repeat(1, 3), scores=SCORES.clone())]
    refiner = HandRefiner(fusion='refiner_only')
    (after,) = rescore_candidates(refiner, INPUTS, given, [META], cfg, False)
    assert after[after.labels == 0].bboxes.tolist() == [[8, 0, 16, 8]]
    assert after[after.labels > 0].bboxes.tolist() == [[96, 20, 96, 40]] * 2


def test_top_class_boxes_by_hand():
    per_class = torch.arange(36.0).view(3, 12)
    top = top_class_boxes(per_class, SCORES)
    assert top.labels.tolist() == [0, 2, 1]
    assert top.bboxes.tolist() == [[0, 1, 2, 3], [20, 21, 22, 23], [28, 29, 30, 31]]
    torch.testing.assert_close(top.scores, torch.tensor([0.5, 0.7, 0.9]))
    assert top_class_boxes(BOXES, SCORES).bboxes.equal(BOXES)


def test_nothing_found():
    none = [InstanceData(bboxes=torch.zeros(0, 4), scores=torch.zeros(0, 4))]
    (after,) = rescore_candidates(StubRefiner(), INPUTS, none, [META], TEST_CFG, True)
    assert after.bboxes.shape == (0, 4)
    none = [detections()[0][:0]]
    (after,) = rescore_detections(StubRefiner(), INPUTS, none, [META], True)
    assert len(after) == 0
    assert after.bboxes.shape == (0, 4)
