from types import SimpleNamespace

import torch
from mmdet.models.task_modules import MaxIoUAssigner, RandomSampler
from mmdet.structures import DetDataSample
from mmengine.structures import InstanceData

from mmdet_plus.models.roi_heads.roi_sampling import sample_rois

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
