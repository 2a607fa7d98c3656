import copy

import numpy as np
import pytest
import torch
from mmdet.registry import MODELS
from mmdet.structures import DetDataSample
from mmengine.registry import init_default_scope
from mmengine.structures import InstanceData
from torch import nn

import mmdet_plus  # noqa: F401
from mmdet_plus.models.test_time_augs.box_voting_tta_model import vote

THR = 0.45


def iou(a, b):
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    common = max(width, 0) * max(height, 0)
    areas = [(box[2] - box[0]) * (box[3] - box[1]) for box in (a, b)]
    return common / (sum(areas) - common)


def vote_by_loop(bboxes, scores, labels, soft):
    """Takes the best box and all that overlap it, again and again."""
    found = []
    for label in np.unique(labels):
        left = [i for i in np.argsort(-scores) if labels[i] == label]
        while left:
            best = left[0]
            group = [i for i in left if i == best or iou(bboxes[best], bboxes[i]) > THR]
            left = [i for i in left if i not in group]
            mean = np.average(bboxes[group], axis=0, weights=scores[group])
            found.append((*mean, scores[best], label))
            for i in group[1:] if soft else ():
                lowered = scores[i] * (1 - iou(bboxes[best], bboxes[i]))
                if lowered >= 0.01:
                    found.append((*bboxes[i], lowered, label))
    return np.array(sorted(found, key=lambda row: -row[4]))


@pytest.fixture
def detections():
    torch.manual_seed(0)
    centres = torch.randint(0, 4, (120, 2)) * 30.0
    corner = centres + torch.rand(120, 2) * 12
    bboxes = torch.cat([corner, corner + 25 + torch.rand(120, 2) * 10], dim=1)
    return InstanceData(
        bboxes=bboxes,
        scores=torch.rand(120) * 0.98 + 0.015,
        labels=torch.randint(0, 3, (120,)),
    )


@pytest.mark.parametrize('soft', [False, True])
def test_votes_equal_the_loop(detections, soft):
    found = vote(copy.deepcopy(detections), THR, soft=soft)
    arrays = (detections[k].double().numpy() for k in ('bboxes', 'scores', 'labels'))
    expected = vote_by_loop(*arrays, soft)
    assert 10 < len(found) == len(expected) < len(detections)
    np.testing.assert_allclose(found.scores, expected[:, 4], rtol=1e-5)
    np.testing.assert_allclose(found.bboxes, expected[:, :4], atol=1e-3)
    assert found.labels.tolist() == expected[:, 5].tolist()


def test_two_boxes_by_hand():
    found = InstanceData(
        bboxes=torch.tensor([[0.0, 0, 10, 10], [0, 0, 10, 6], [0, 0, 10, 10]]),
        scores=torch.tensor([0.6, 0.2, 0.5]),
        labels=torch.tensor([1, 1, 0]),
    )
    merged = vote(copy.deepcopy(found), THR)
    assert merged.labels.tolist() == [1, 0]
    # (0.6 * 10 + 0.2 * 6) / 0.8 = 9
    torch.testing.assert_close(merged.bboxes[0], torch.tensor([0.0, 0, 10, 9]))
    torch.testing.assert_close(merged.scores, torch.tensor([0.6, 0.5]))
    soft = vote(found, THR, soft=True)
    torch.testing.assert_close(soft.scores, torch.tensor([0.6, 0.5, 0.2 * 0.4]))
    torch.testing.assert_close(soft.bboxes[2], torch.tensor([0.0, 0, 10, 6]))


class Views(nn.Module):
    """A detector that finds the same boxes whatever it sees."""

    def __init__(self, bboxes):
        super().__init__()
        self.bboxes = torch.tensor(bboxes)

    def test_step(self, data):
        sample = data['data_samples'][0]
        bboxes = self.bboxes
        if sample.flip:
            width = sample.ori_shape[1]
            bboxes = bboxes[:, [2, 1, 0, 3]] * torch.tensor([-1, 1, -1, 1])
            bboxes = bboxes + torch.tensor([width, 0, width, 0])
        count = len(bboxes)
        sample.pred_instances = InstanceData(
            bboxes=bboxes,
            scores=torch.linspace(0.9, 0.5, count),
            labels=torch.zeros(count, dtype=torch.long),
        )
        return [sample]


def merged(bboxes, sides, **tta_cfg):
    model = MODELS.build(
        dict(type='BoxVotingTTAModel', module=Views(bboxes), tta_cfg=tta_cfg)
    )
    samples = [
        DetDataSample(
            metainfo=dict(
                img_shape=(side, side // 2),
                ori_shape=(300, 200),
                flip=flip,
                flip_direction='horizontal',
            )
        )
        for side in sides
        for flip in (False, True)
    ]
    data = dict(inputs=[None] * len(samples), data_samples=[[s] for s in samples])
    (result,) = model.test_step(data)
    return result.pred_instances


SMALL, LONG, LARGE = [0.0, 0, 20, 30], [50.0, 0, 90, 200], [0.0, 100, 150, 300]


def test_mirrored_views_are_turned_back():
    found = merged([SMALL, LONG], [320])
    torch.testing.assert_close(found.bboxes, torch.tensor([SMALL, LONG]))


def test_views_are_for_sizes():
    limits = [dict(side=192, longer_than=32), dict(side=384, shorter_than=50)]
    for side, kept in ((320, [0, 1, 2]), (192, [1, 2]), (384, [0, 1])):
        found = merged([SMALL, LONG, LARGE], [side], size_limits=limits)
        expected = torch.tensor([SMALL, LONG, LARGE])[kept]
        torch.testing.assert_close(found.bboxes, expected)


def test_nothing_found_and_too_much():
    limits = [dict(side=192, shorter_than=1)]
    assert merged([SMALL], [192], size_limits=limits).bboxes.shape == (0, 4)
    found = merged([SMALL, LONG, LARGE], [320], max_per_img=2)
    torch.testing.assert_close(found.bboxes, torch.tensor([SMALL, LONG]))


def test_settings_of_views():
    head = dict(
        type='SingleStageDetector',
        backbone=dict(type='ResNet', depth=18, base_channels=4, out_indices=(3,)),
        bbox_head=dict(type='ObjectDetectionHead', num_classes=2, in_channels=[32],
                       anchor_generator=dict(type='AnchorGenerator', strides=[32],
                                             ratios=[1.0], scales=[2])),
        test_cfg=dict(score_thr=0.2, final_nms=dict(type='soft_nms')),
    )  # fmt: skip
    given = copy.deepcopy(head)
    init_default_scope('mmdet')
    model = MODELS.build(
        dict(type='BoxVotingTTAModel', module=head, view_test_cfg=dict(final_nms=None))
    )
    assert model.module.bbox_head.test_cfg == dict(score_thr=0.2, final_nms=None)
    assert head['test_cfg'] == given['test_cfg']


def test_unknown_settings_are_refused():
    with pytest.raises(ValueError, match='tta_cfg has no nms'):
        merged([SMALL], [320], nms=dict(type='nms'))
