from types import SimpleNamespace

import torch
from mmdet.models.task_modules import MaxIoUAssigner, RandomSampler
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_plus.models.roi_heads.roi_training import (
    draw_rows,
    fill_missing_cls_losses,
    sample_rois,
    with_proposals,
    without_flat_objects,
)

FEATS = [torch.zeros(2, 1, 4, 4)]


def sample(gt_bboxes):
    gt = InstanceData(bboxes=gt_bboxes, labels=torch.arange(len(gt_bboxes)))
    return DetDataSample(gt_instances=gt, metainfo=dict(img_shape=(64, 64)))


def roi_head():
    assigner = MaxIoUAssigner(0.5, 0.5, match_low_quality=False)
    sampler = RandomSampler(8, 0.5, add_gt_as_proposals=True)
    return SimpleNamespace(bbox_assigner=assigner, bbox_sampler=sampler)


def test_positives_meet_their_ground_truth_image_by_image():
    gts = torch.tensor([[0.0, 0, 10, 10], [30, 30, 50, 50]])
    proposals = [
        InstanceData(bboxes=torch.tensor([[0.0, 0, 9, 10], [32, 30, 50, 50]])),
        InstanceData(bboxes=torch.tensor([[0.0, 0, 9, 10]])),
    ]
    samples = [sample(gts), sample(torch.empty(0, 4))]
    first, second = sample_rois(roi_head(), FEATS, proposals, samples)
    assert len(first.pos_priors) == 4  # two proposals and the ground truth itself
    torch.testing.assert_close(first.pos_gt_bboxes, gts[first.pos_assigned_gt_inds])
    assert len(second.pos_priors) == 0
    assert len(second.neg_priors) == 1
    assert second.pos_gt_bboxes.shape == (0, 4)


def test_proposals_in_ignored_regions_are_no_negatives():
    head = roi_head()
    head.bbox_assigner = MaxIoUAssigner(
        0.5, 0.5, match_low_quality=False, ignore_iof_thr=0.5
    )
    own = sample(torch.tensor([[0.0, 0, 10, 10]]))
    crowd = torch.tensor([[30.0, 30, 60, 60]])
    own.ignored_instances = InstanceData(bboxes=crowd)
    proposals = [
        InstanceData(bboxes=torch.tensor([[31.0, 31, 50, 50], [0, 20, 9, 29]]))
    ]
    (result,) = sample_rois(head, FEATS, proposals, [own])
    assert result.neg_priors.tolist() == [[0, 20, 9, 29]]


def test_samplers_see_the_features_of_their_image():
    head = roi_head()
    head.bbox_sampler = SimpleNamespace(sample=lambda *_, feats: feats)
    feats = [torch.rand(2, 1, 4, 4), torch.rand(2, 1, 2, 2)]
    proposals = [InstanceData(bboxes=torch.rand(3, 4)) for _ in range(2)]
    seen = sample_rois(head, feats, proposals, [sample(torch.rand(1, 4))] * 2)
    for i, own in enumerate(seen):
        for level, want in zip(own, feats, strict=True):
            assert torch.equal(level, want[i : i + 1])


def test_proposals_are_left_as_they_are():
    proposals = [InstanceData(bboxes=torch.rand(3, 4)) for _ in range(2)]
    sample_rois(roi_head(), FEATS, proposals, [sample(torch.rand(1, 4))] * 2)
    assert all(p.keys() == ['bboxes'] for p in proposals)


def test_missing_losses_are_zero_and_reach_the_logits():
    logits = torch.ones(2, 3, requires_grad=True)
    losses = fill_missing_cls_losses({}, logits)
    assert losses.keys() == {'loss_cls', 'acc'}
    assert losses['acc'].tolist() == [0]
    losses['loss_cls'].backward()
    assert logits.grad.tolist() == torch.zeros(2, 3).tolist()


def test_losses_of_the_head_are_kept():
    own = dict(loss_cls=torch.tensor(2.0), acc=torch.tensor([50.0]))
    assert fill_missing_cls_losses(own, torch.zeros(0, 3)) == own


def test_drawn_rows_belong_together_and_keep_their_order():
    rows = torch.arange(20)
    assert draw_rows(rows, rows, limit=20)[0].equal(rows)
    torch.manual_seed(0)
    first, second = draw_rows(rows, rows * 2, limit=5)
    assert (first * 2).equal(second)
    assert len(first) == 5
    assert (first.diff() > 0).all()
    assert not draw_rows(rows, limit=5)[0].equal(first)


def test_flat_objects_are_left_out():
    bboxes = torch.tensor(
        [[0.0, 0, 5, 5], [3, 3, 3, 9], [2, 2, 9, 2], [9, 9, 8, 10], [1, 1, 1.001, 2]]
    )
    given = [sample(bboxes), sample(bboxes[:1])]
    first, second = without_flat_objects(given)
    assert first.gt_instances.labels.tolist() == [0, 4]
    assert first.img_shape == (64, 64)
    assert second is given[1]
    assert len(given[0].gt_instances) == 5


def test_images_without_proposals_are_proposed_whole():
    some = InstanceData(bboxes=torch.ones(2, 4))
    metas = [dict(img_shape=(30, 40))] * 2
    first, second = with_proposals([some, some[:0]], metas)
    assert first is some
    assert second.bboxes.tolist() == [[0, 0, 40, 30]]
