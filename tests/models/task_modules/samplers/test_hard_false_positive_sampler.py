import pytest
import torch
from mmdet.registry import TASK_UTILS
from mmengine.structures import InstanceData

from mmdet_plus.models.task_modules.box_matching import label_bboxes
from mmdet_plus.models.task_modules.samplers.hard_false_positive_sampler import (
    MODES,
    hard_false_positives,
)

BACKGROUND = 3
GT = InstanceData(
    bboxes=torch.tensor([[0.0, 0, 10, 10], [50, 50, 80, 80]]),
    labels=torch.tensor([1, 2]),
)
# Six places: right on the first object; on it with the wrong class and a low score; off
# it by IoU 0.25; background with a high and with a low score; right on the second.
BOXES = torch.tensor(
    [
        [0.0, 0, 10, 9],
        [0, 0, 10, 8],
        [0, 0, 5, 5],
        [20, 20, 30, 30],
        [20, 0, 30, 10],
        [50, 50, 80, 79],
    ]
)
PREDICTED = torch.tensor([1, 0, 1, 2, 2, 2])
SCORES = torch.tensor([0.9, 0.1, 0.3, 0.8, 0.2, 0.1])
HARD = [1, 2, 3]
FOREGROUND = [0, 1, 5]


def candidates():
    return InstanceData(bboxes=BOXES, scores=SCORES, labels=PREDICTED)


def build(**changes):
    return TASK_UTILS.build(dict(type='HardFalsePositiveSampler', **changes))


def drawn(sampler, times=30):
    """Which of the six boxes, and whether ground truth, ever come."""
    seen = set()
    for _ in range(times):
        for box in sampler.sample(candidates(), GT, BACKGROUND).bboxes.tolist():
            index = [i for i, own in enumerate(BOXES.tolist()) if own == box]
            seen.add(index[0] if index else 'gt')
    return seen


def test_labels_and_overlaps_by_hand():
    matches = label_bboxes(BOXES, GT.bboxes, GT.labels, BACKGROUND, 0.5)
    expected = torch.tensor([0.9, 0.8, 0.25, 0, 0, 29 / 30])
    torch.testing.assert_close(matches.ious, expected)
    assert matches.labels.tolist() == [1, 1, 3, 3, 3, 2]
    assert matches.gt_indices[[0, 1, 5]].tolist() == [0, 0, 1]


def test_hard_false_positives_by_hand():
    matches = label_bboxes(BOXES, GT.bboxes, GT.labels, BACKGROUND, 0.5)
    hard = hard_false_positives(SCORES, PREDICTED, matches, 0.3, 0.5)
    assert hard.nonzero()[:, 0].tolist() == HARD


def test_hard_false_positives_equal_the_three_clauses():
    torch.manual_seed(0)
    low = torch.rand(200, 2) * 40
    boxes = torch.cat([low, low + 5 + torch.rand(200, 2) * 40], dim=1)
    scores, predicted = torch.rand(200), torch.randint(0, 3, (200,))
    matches = label_bboxes(boxes, GT.bboxes, GT.labels, BACKGROUND, 0.3)
    hard = hard_false_positives(scores, predicted, matches, 0.4, 0.3)
    for i in range(200):
        s, c, y, iou = scores[i], predicted[i], matches.labels[i], matches.ious[i]
        expected = (
            (s >= 0.4 and c != y) or (iou >= 0.3 and c != y) or (iou < 0.3 and s >= 0.4)
        )
        assert bool(hard[i]) == bool(expected)
    assert 0 < hard.sum() < 200


@pytest.mark.parametrize(
    ('mode', 'expected'),
    [
        ('random', {'gt', *range(6)}),
        ('fp', {*HARD}),
        ('fp_fg', {'gt', *HARD, *FOREGROUND}),
        ('fp_bg', {*HARD, 4}),
        ('fp_fg_bg', {'gt', *range(6)}),
        ('rcnn', {'gt', *range(6)}),
    ],
)
@pytest.mark.parametrize('num', [3, 32])
def test_modes_draw_from_what_they_name(mode, expected, num):
    torch.manual_seed(0)
    sampler = build(mode=mode, num=num, fg_fraction=0.5)
    assert drawn(sampler) == expected


def test_ground_truth_comes_first():
    chosen = build(num=3).sample(candidates(), GT, BACKGROUND)
    assert chosen.bboxes[:2].sort(dim=0).values.equal(GT.bboxes)
    assert len(chosen) == 3
    assert len(build(num=1).sample(candidates(), GT, BACKGROUND)) == 1


def test_rcnn_has_a_quarter_of_foreground():
    many = InstanceData(
        bboxes=BOXES.repeat(20, 1),
        scores=SCORES.repeat(20),
        labels=PREDICTED.repeat(20),
    )
    labels = build(num=32, mode='rcnn').sample(many, GT, BACKGROUND).labels
    assert (labels != BACKGROUND).sum() == 8
    assert len(labels) == 32


def test_targets_follow_the_boxes():
    chosen = build(num=32).sample(candidates(), GT, BACKGROUND)
    assert len(chosen) == 8
    for box, label, target in zip(
        chosen.bboxes, chosen.labels, chosen.gt_bboxes, strict=True
    ):
        match = label_bboxes(box[None], GT.bboxes, GT.labels, BACKGROUND, 0.5)
        assert label == match.labels[0]
        own = box if label == BACKGROUND else GT.bboxes[match.gt_indices[0]]
        assert target.equal(own)


@pytest.mark.parametrize('mode', MODES)
def test_nothing_to_sample(mode):
    sampler = build(mode=mode)
    none = InstanceData(
        bboxes=torch.zeros(0, 4), scores=torch.zeros(0), labels=torch.zeros(0).long()
    )
    no_gt = InstanceData(bboxes=torch.zeros(0, 4), labels=torch.zeros(0).long())
    assert len(sampler.sample(none, no_gt, BACKGROUND)) == 0
    alone = sampler.sample(none, GT, BACKGROUND)
    assert len(alone) == (0 if mode in ('fp', 'fp_bg') else 2)
    everything = sampler.sample(candidates(), no_gt, BACKGROUND)
    assert (everything.labels == BACKGROUND).all()
    assert everything.labels.dtype == torch.int64
    # Without objects only high scores are hard; nothing is foreground.
    assert len(everything) == (3 if mode in ('fp', 'fp_fg') else 6)


def test_errors():
    with pytest.raises(ValueError, match="fp_fg_bg, rcnn, got 'hard'"):
        build(mode='hard')
    with pytest.raises(ValueError, match='num must be at least 1, got 0'):
        build(num=0)
