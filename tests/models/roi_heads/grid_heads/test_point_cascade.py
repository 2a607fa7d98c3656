import pytest
import torch

from mmdet_plus.models.roi_heads.grid_heads.point_cascade import (
    PointCascade,
    select_by_iou,
)

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


@pytest.mark.parametrize('clip_between', [True, False])
def test_boxes_that_leave_the_image_between_stages(clip_between):
    torch.manual_seed(0)
    cascade = PointCascade(
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
