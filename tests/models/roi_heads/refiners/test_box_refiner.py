import pytest
import torch
from mmengine.structures import InstanceData
from samples.dcr import (
    GTS,
    LABELS,
    NUM_CLASSES,
    StubRefiner,
    build,
    images,
    refiner_config,
)

from mmdet_plus.models.roi_heads.refiners.box_refiner import RefinerInputs


def inputs(count=2):
    torch.manual_seed(0)
    stage = torch.randn(count, 8, 16, 24, requires_grad=True)
    return RefinerInputs(images(count), (stage,))


def gts(count):
    return InstanceData(bboxes=GTS[:count], labels=LABELS[:count])


def candidates(count):
    torch.manual_seed(3)
    boxes = (GTS.repeat(10, 1)[:count] + torch.randn(count, 4) * 6).clamp(0, 64)
    return InstanceData(
        bboxes=boxes, scores=torch.rand(count), labels=torch.randint(0, 3, (count,))
    )


def test_targets_are_the_samples_of_both_images():
    refiner = build(refiner_config())
    targets = refiner.get_targets([candidates(9), candidates(2)], [gts(2), gts(0)])
    assert targets.rois[:, 0].tolist() == [0] * 8 + [1] * 2
    assert targets.labels[-2:].tolist() == [NUM_CLASSES] * 2
    objects = targets.rois[:2]
    assert objects[:, 1:].sort(dim=0).values.equal(GTS)
    # Ground truth and background are their own targets.
    torch.testing.assert_close(targets.bbox_targets[:2], torch.zeros(2, 4))
    torch.testing.assert_close(targets.bbox_targets[-2:], torch.zeros(2, 4))


def test_loss_is_the_cross_entropy_of_the_samples():
    refiner = build(refiner_config(with_reg=True))
    refiner.sampler.num = 100
    given = inputs(1)
    boxes, gt = [candidates(9)], [gts(2)]
    losses = refiner.loss(given, boxes, gt)
    targets = refiner.get_targets(boxes, gt)
    outputs = refiner(given, targets.rois)
    log_probs = outputs.cls_logits.log_softmax(dim=1)
    expected = -log_probs.gather(1, targets.labels[:, None]).mean()
    torch.testing.assert_close(losses['loss_dcr_cls'], expected)
    error = (outputs.bbox_deltas - targets.bbox_targets).abs()
    smooth = torch.where(error < 1, 0.5 * error**2, error - 0.5)
    foreground = targets.labels != NUM_CLASSES
    assert 2 < foreground.sum() < len(foreground)
    expected = smooth[foreground].sum() / len(foreground)
    torch.testing.assert_close(losses['loss_dcr_bbox'], expected)


@pytest.mark.parametrize('with_reg', [False, True])
@pytest.mark.parametrize(
    ('counts', 'objects'), [((0, 0), (0, 0)), ((0, 3), (0, 0)), ((1, 0), (0, 1))]
)
def test_empty_inputs(with_reg, counts, objects):
    refiner = build(refiner_config(with_reg=with_reg))
    refiner.train()
    losses = refiner.loss(
        inputs(), [candidates(n) for n in counts], [gts(n) for n in objects]
    )
    keys = {'loss_dcr_cls', 'acc_dcr'} | ({'loss_dcr_bbox'} if with_reg else set())
    assert set(losses) == keys
    total = sum(value for key, value in losses.items() if 'loss' in key)
    assert total.isfinite()
    total.backward()
    assert all(p.grad is not None for p in refiner.parameters())
    if sum(counts) + sum(objects) == 0:
        assert total == 0


def test_boxes_without_extent_give_finite_losses():
    refiner = build(refiner_config(with_reg=True))
    points = InstanceData(
        bboxes=torch.full((3, 4), 20.0),
        scores=torch.ones(3),
        labels=torch.ones(3).long(),
    )
    losses = refiner.loss(inputs(1), [points], [gts(1)])
    assert all(value.isfinite() for value in losses.values())


@pytest.mark.parametrize(('top_p', 'refined'), [(0, 0), (0.5, 5), (1.0, 10)])
def test_only_the_best_are_refined(top_p, refined):
    refiner = build(refiner_config(top_p=top_p, with_reg=True))
    given = inputs()
    boxes = [candidates(10), candidates(0)]
    first, second = refiner.refine(
        given, [b.bboxes for b in boxes], [b.scores for b in boxes]
    )
    best = boxes[0].scores.sort(descending=True).indices[:refined].sort().values
    assert first.indices.equal(best)
    assert first.probs.shape == (refined, NUM_CLASSES + 1)
    assert first.bbox_deltas.shape == (refined, 4)
    assert second.probs.shape == (0, NUM_CLASSES + 1)
    own = torch.cat([torch.zeros(refined, 1), boxes[0].bboxes[best]], dim=1)
    torch.testing.assert_close(first.probs, refiner.predict(given, own)[0])


def test_errors():
    with pytest.raises(ValueError, match='chunk_size must be at least 1, got 0'):
        StubRefiner(chunk_size=0)
    with pytest.raises(ValueError, match=r"fusion must be one of .*, got 'max'"):
        StubRefiner(fusion='max')
    with pytest.raises(ValueError, match=r'top_p must be a fraction in \[0, 1\]'):
        StubRefiner(top_p=1.5)
