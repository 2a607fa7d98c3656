import pytest
import torch
from mmdet.registry import MODELS
from samples.cpm_rcnn import config
from samples.roi_heads import GTS as OBJECTS
from samples.roi_heads import STRIDES, proposals, samples

from mmdet_plus.models.roi_heads.localisation_cascade import (
    LocalisationCascade,
    select_by_iou,
)
from mmdet_plus.models.task_modules.bbox_geometry import clip_bboxes

GTS = torch.tensor([[0.0, 0, 10, 10], [20, 0, 30, 10]])
# IoU of 0.8 and 0.6 with the first, 0.5 with the second, none.
BBOXES = torch.tensor(
    [[0.0, 0, 10, 8], [0, 0, 6, 10], [20, 0, 25, 10], [50, 50, 60, 60]]
)
NONE = torch.empty(0, 4)


def test_selection_keeps_what_is_above_and_the_ground_truth():
    bboxes, gts = select_by_iou(BBOXES, GTS, 0.6)
    assert bboxes.equal(torch.cat([BBOXES[:1], GTS]))
    assert gts.equal(GTS[[0, 0, 1]])
    bboxes, gts = select_by_iou(BBOXES, GTS, 0.49)
    assert bboxes.equal(torch.cat([BBOXES[:3], GTS]))
    assert gts.equal(GTS[[0, 0, 1, 0, 1]])


def test_without_ground_truth_or_boxes():
    assert [len(part) for part in select_by_iou(BBOXES, NONE, 0.6)] == [0, 0]
    assert select_by_iou(NONE, GTS, 0.6)[0].equal(GTS)
    assert [len(part) for part in select_by_iou(NONE, NONE, 0.6)] == [0, 0]


@pytest.fixture
def feats():
    torch.manual_seed(1)
    return tuple(torch.randn(2, 8, 128 // s, 128 // s) for s in (*STRIDES, 16))


def dense_head(**changes):
    """Three stages of dense local regression instead of points."""
    dense = dict(
        type='DenseLocalRegressionHead',
        in_channels=8,
        num_convs=2,
        conv_channels=36,
        norm_cfg=dict(type='GN', num_groups=6),
    )
    cfg = config(mapping_ratios=None, **changes)
    cfg.grid_head = dense
    torch.manual_seed(0)
    head = MODELS.build(cfg)
    head.init_weights()
    for stage in head.grid_heads:
        torch.nn.init.constant_(stage.offset_conv.bias, 0.5)
        torch.nn.init.normal_(stage.offset_conv.weight, std=0.05)
        torch.nn.init.constant_(stage.overlap_conv.bias, 1.0)
    return head


def test_each_stage_localises_by_a_dense_head_of_its_own(feats):
    head = dense_head()
    losses = head.loss(feats, proposals(20, 20), samples(OBJECTS, OBJECTS))
    stages = {
        f's{i}.{name}' for i in range(3) for name in ('loss_bbox', 'loss_overlap')
    }
    assert stages | {'loss_cls', 'loss_iou', 'rsm.loss_cls'} <= losses.keys()
    sum(loss for name, loss in losses.items() if 'loss' in name).backward()
    for name, parameter in head.grid_heads.named_parameters():
        assert parameter.grad.abs().sum() > 0, name


def test_no_gradient_between_dense_stages(feats):
    head = dense_head(rsm_head=None, iou_head=None)
    losses = head.loss(feats, proposals(20, 20), samples(OBJECTS, OBJECTS))
    (losses['s2.loss_bbox'] + losses['s2.loss_overlap']).backward()
    reached = [
        any(p.grad is not None for p in stage.parameters()) for stage in head.grid_heads
    ]
    assert reached == [False, False, True]


def test_dense_stages_refine_one_after_the_other(feats):
    head = dense_head(**{'test_cfg.gamma': None})
    data = samples(OBJECTS, OBJECTS)
    metas = [sample.metainfo for sample in data]
    cfg = head.test_cfg
    by_stage = head.candidates(feats, metas, proposals(9, 4), cfg, [1, 2, 3])
    for before, after, stage in zip(
        by_stage, by_stage[1:], list(head.grid_heads)[1:], strict=False
    ):
        for i in range(2):
            index = torch.full((len(before[i]), 1), float(i))
            rois = torch.cat([index, before[i].bboxes], dim=1)
            predictions = stage(head.grid_roi_extractor(feats[:2], rois))
            expected = clip_bboxes(
                stage.predict_by_feat(predictions, rois[:, 1:]), (100, 120)
            )
            torch.testing.assert_close(after[i].bboxes, expected, atol=1e-3, rtol=1e-4)
    raw = head(feats, proposals(9, 4), data)
    assert len(raw) == 1 + 3 * 2


def test_stages_without_mapping_ratios_need_weights():
    with pytest.raises(ValueError, match='num_stages must be from 1 to 3'):
        dense_head(num_stages=4)


@pytest.mark.parametrize('clip_between', [True, False])
def test_boxes_that_leave_the_image_between_stages(clip_between):
    torch.manual_seed(0)
    cascade = LocalisationCascade(
        dict(
            type='PointGridHead',
            in_channels=4,
            num_convs=1,
            point_channels=4,
            norm_cfg=dict(type='GN', num_groups=6),
        ),
        num_stages=3,
        mapping_ratios=(2.0, 1.5, 1.25),
        loss_weights=(1, 1, 1),
        clip_between=clip_between,
    )
    read = []

    def features(rois):
        read.append(rois[:, 1:])
        # Other values for other RoIs.
        return rois[:, 1:, None, None].expand(-1, -1, 14, 14) / 10

    # RoIs over the right and lower border, of which half of the region lies outside.
    bboxes = [torch.tensor([[0.0, 5, 30, 35], [10, 2, 38, 39]])]
    with torch.no_grad():
        outputs = cascade(features, bboxes, [(40, 40)])
        # The same by hand: each stage decodes what it read.
        own = bboxes[0]
        for i, head in enumerate(cascade):
            assert torch.equal(read[i], own)
            maps = head(own[:, :, None, None].expand(-1, -1, 14, 14) / 10)
            own = head.predict_by_feat(maps, own)
            if clip_between or i == 2:
                own = own.clamp(min=0, max=40)
            assert torch.equal(outputs[i].bboxes[0], own)
    inside = all(((boxes >= 0) & (boxes <= 40)).all() for boxes in read)
    assert inside == clip_between
