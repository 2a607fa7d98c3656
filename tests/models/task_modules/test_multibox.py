import warnings

import pytest
import torch
from mmdet.registry import MODELS, TASK_UTILS
from mmengine.structures import InstanceData

import mmdet_plus  # noqa: F401
from mmdet_plus.models.task_modules.multibox import (
    IGNORED,
    Targets,
    drop_degenerate,
    flatten_levels,
    hard_negatives,
    multibox_losses,
    multibox_targets,
    tiled_anchors,
)

ASSIGNER = dict(
    type='MaxIoUAssigner',
    pos_iou_thr=0.5,
    neg_iou_thr=0.5,
    min_pos_iou=1e-6,
    gt_max_assign_all=False,
)
BACKGROUND = 3


def instances(boxes, labels):
    return InstanceData(
        bboxes=torch.tensor(boxes, dtype=torch.float32).reshape(-1, 4),
        labels=torch.tensor(labels, dtype=torch.long),
    )


def targets_of(anchors, gts, ignored=None, **assigner):
    return multibox_targets(
        anchors,
        gts,
        ignored,
        assigner=TASK_UTILS.build({**ASSIGNER, **assigner}),
        coder=TASK_UTILS.build(dict(type='ClampedDeltaXYWHBBoxCoder')),
        background=BACKGROUND,
    )


def test_rows_follow_the_anchors():
    generator = TASK_UTILS.build(
        dict(
            type='AnchorGenerator',
            strides=[8, 16],
            ratios=[1.0, 2.0],
            scales=[4],
            center_offset=0.5,
        )
    )
    maps = [torch.zeros(1, 2 * 4, 3, 2), torch.zeros(1, 2 * 4, 1, 1)]
    # Write each anchor's centre and number into the place that should predict it.
    for level, stride in zip(maps, (8, 16), strict=True):
        for y in range(level.shape[2]):
            for x in range(level.shape[3]):
                for anchor in range(2):
                    centre = [(x + 0.5) * stride, (y + 0.5) * stride]
                    values = torch.tensor([*centre, anchor, stride])
                    level[0, 4 * anchor : 4 * anchor + 4, y, x] = values
    rows = flatten_levels(maps, 4)[0]
    anchors = tiled_anchors(generator, maps)
    assert rows.shape == (14, 4)
    torch.testing.assert_close((anchors[:, :2] + anchors[:, 2:]) / 2, rows[:, :2])
    sizes = anchors[:, 2:] - anchors[:, :2]
    torch.testing.assert_close(sizes.prod(dim=1), (4 * rows[:, 3]) ** 2)
    torch.testing.assert_close(sizes[:, 1] / sizes[:, 0], rows[:, 2] + 1)


def test_rows_are_float32():
    assert flatten_levels([torch.zeros(1, 2, 1, 1).bfloat16()], 2).dtype == torch.float


def test_every_object_takes_its_best_anchor_and_all_above_the_threshold():
    anchors = torch.tensor(
        [[0.0, 0, 10, 10], [0, 0, 10, 12], [40, 40, 60, 60], [70, 70, 80, 80]]
    )
    gt = instances([[0, 0, 10, 11], [52, 52, 60, 60]], [2, 0])  # 0.91, 0.92 and 0.16
    result = targets_of([anchors], [gt])
    assert result.labels.tolist() == [[2, 2, 0, BACKGROUND]]
    coder = TASK_UTILS.build(dict(type='ClampedDeltaXYWHBBoxCoder'))
    expected = coder.encode(anchors[:3], gt.bboxes[[0, 0, 1]])
    torch.testing.assert_close(result.deltas[0, :3], expected)
    assert (result.deltas[0, 3] == 0).all()


def test_an_object_without_any_overlap_takes_none():
    result = targets_of(
        [torch.tensor([[0.0, 0, 10, 10]])], [instances([[50, 50, 60, 60]], [1])]
    )
    assert result.labels.tolist() == [[BACKGROUND]]


def test_each_image_has_its_own_anchors_and_objects():
    first = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    result = targets_of(
        [first, first + 20],
        [instances([[0, 0, 10, 10]], [0]), instances([[20, 20, 30, 30]], [1])],
    )
    assert result.labels.tolist() == [[0, BACKGROUND], [1, BACKGROUND]]


def test_anchors_in_ignored_regions_are_neither_object_nor_background():
    anchors = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30], [40, 40, 50, 50]])
    gt = instances([[0, 0, 10, 10]], [2])
    region = InstanceData(bboxes=torch.tensor([[18.0, 18, 32, 32]]))
    result = targets_of(
        [anchors, anchors], [gt, gt], [region, None], ignore_iof_thr=0.5
    )
    assert result.labels.tolist() == [
        [2, IGNORED, BACKGROUND],
        [2, BACKGROUND, BACKGROUND],
    ]


def test_no_objects():
    result = targets_of([torch.rand(5, 4)], [instances([], [])])
    assert result.labels.tolist() == [[BACKGROUND] * 5]
    assert (result.deltas == 0).all()


def test_boxes_without_area_are_dropped_with_a_warning():
    gt = instances(
        [
            [0, 0, 10, 10],
            [5, 5, 5, 9],
            [5, 9, 9, 5],
            [0, 0, float('nan'), 5],
            [0, 0, float('inf'), 5],
        ],
        [0, 1, 2, 2, 2],
    )
    with pytest.warns(UserWarning, match='without area'):
        kept = drop_degenerate(gt)
    assert kept.labels.tolist() == [0]
    with warnings.catch_warnings():
        warnings.simplefilter('error')
        assert len(drop_degenerate(kept)) == 1


def test_targets_leave_boxes_without_area_out():
    anchors = torch.tensor([[0.0, 0, 10, 10], [20, 20, 30, 30]])
    with pytest.warns(UserWarning, match='without area'):
        result = targets_of(
            [anchors], [instances([[20, 20, 20, 30], [0, 0, 10, 10]], [1, 2])]
        )
    assert result.labels.tolist() == [[2, BACKGROUND]]


def test_hard_negatives_equal_the_loop():
    torch.manual_seed(0)
    losses, negative = torch.rand(4, 30), torch.rand(4, 30) > 0.4
    wanted = torch.tensor([5, 0, 100, 1])
    chosen = hard_negatives(losses, negative, wanted)
    for i in range(4):
        ranked = sorted(
            (j for j in range(30) if negative[i, j]), key=lambda j: -losses[i, j]
        )
        expected = set(ranked[: wanted[i]])
        assert set(chosen[i].nonzero().flatten().tolist()) == expected


def losses_of(logits, deltas, targets, kept=None, ratio=3):
    return multibox_losses(
        logits,
        deltas,
        targets,
        kept,
        loss_cls=MODELS.build(dict(type='CrossEntropyLoss')),
        loss_bbox=MODELS.build(dict(type='SmoothL1Loss')),
        neg_pos_ratio=ratio,
    )


def random_case():
    torch.manual_seed(0)
    logits, deltas = torch.randn(2, 20, 4), torch.randn(2, 20, 4)
    labels = torch.full((2, 20), BACKGROUND)
    labels[0, :3] = torch.tensor([0, 1, 2])
    labels[1, 5] = 1
    labels[0, 3] = IGNORED
    kept = torch.rand(2, 20) > 0.3
    kept[0, 0], kept[0, 1], kept[1, 5] = True, False, True
    return logits, deltas, Targets(labels, torch.randn(2, 20, 4)), kept


def test_losses_equal_the_loop():
    logits, deltas, targets, kept = random_case()
    cls_sum = box_sum = count = 0.0
    for i in range(2):
        entropy = [
            -logits[i, j].log_softmax(0)[max(targets.labels[i, j], 0)].item()
            for j in range(20)
        ]
        labels = targets.labels[i].tolist()
        positive = [j for j in range(20) if 0 <= labels[j] < BACKGROUND]
        negative = [j for j in range(20) if labels[j] == BACKGROUND and kept[i, j]]
        hard = sorted(negative, key=lambda j: -entropy[j])[: 3 * len(positive)]
        cls_sum += sum(entropy[j] for j in positive + hard)
        for j in positive:
            error = (deltas[i, j] - targets.deltas[i, j]).abs()
            box_sum += torch.where(error < 1, error**2 / 2, error - 0.5).sum().item()
        count += len(positive)
    loss_cls, loss_bbox = losses_of(logits, deltas, targets, kept)
    assert loss_cls.item() == pytest.approx(cls_sum / count, rel=1e-5)
    assert loss_bbox.item() == pytest.approx(box_sum / count, rel=1e-5)


def test_filtered_negatives_and_ignored_anchors_get_no_gradient():
    logits, deltas, targets, kept = random_case()
    logits.requires_grad_()
    deltas.requires_grad_()
    sum(losses_of(logits, deltas, targets, kept, ratio=100)).backward()
    positive = (targets.labels != IGNORED) & (targets.labels < BACKGROUND)
    assert (positive & ~kept).any()  # filtering does not take objects away
    used = positive | kept & (targets.labels == BACKGROUND)
    assert torch.equal(logits.grad.abs().sum(2) > 0, used)
    assert torch.equal(deltas.grad.abs().sum(2) > 0, positive)


def test_filtering_all_leaves_the_positives():
    logits, deltas, targets, kept = random_case()
    positive = (targets.labels != IGNORED) & (targets.labels < BACKGROUND)
    loss_cls, loss_bbox = losses_of(logits, deltas, targets, torch.zeros_like(kept))
    entropy = -logits.log_softmax(2)[positive].gather(
        1, targets.labels[positive][:, None]
    )
    torch.testing.assert_close(loss_cls, entropy.mean())
    _, same = losses_of(logits, deltas, targets)
    torch.testing.assert_close(loss_bbox, same)


@pytest.mark.parametrize('kept', [None, torch.zeros(1, 6, dtype=torch.bool)])
def test_no_positives_give_zero_with_a_gradient_path(kept):
    logits = torch.randn(1, 6, 4, requires_grad=True)
    deltas = torch.randn(1, 6, 4, requires_grad=True)
    labels = torch.full((1, 6), BACKGROUND)
    loss_cls, loss_bbox = losses_of(
        logits, deltas, Targets(labels, torch.zeros(1, 6, 4)), kept
    )
    assert loss_cls == loss_bbox == 0
    (loss_cls + loss_bbox).backward()
    assert (logits.grad == 0).all()
    assert (deltas.grad == 0).all()
