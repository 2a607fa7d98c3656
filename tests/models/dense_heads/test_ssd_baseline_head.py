import torch
from mmdet.registry import MODELS
from mmengine.config import ConfigDict

import mmdet_plus  # noqa: F401


def test_predicts_what_it_is_told():
    torch.manual_seed(0)
    head = MODELS.build(
        dict(
            type='SSDBaselineHead',
            num_classes=3,
            in_channels=[4],
            anchor_generator=dict(
                type='AnchorGenerator',
                strides=[16],
                ratios=[1.0],
                scales=[1],
                center_offset=0.5,
            ),
            test_cfg=ConfigDict(
                nms_pre=10,
                nms=dict(type='nms', iou_threshold=0.45),
                score_thr=0.5,
                max_per_img=5,
            ),
        )
    )
    logits, deltas = torch.zeros(1, 4, 2, 2), torch.zeros(1, 4, 2, 2)
    logits[0, 2, 1, 0] = 10.0  # class 2 in the lower left cell
    (found,) = head.predict_by_feat(
        [logits], [deltas], batch_img_metas=[dict(img_shape=(32, 32))]
    )
    assert found.labels.tolist() == [2]
    torch.testing.assert_close(found.bboxes, torch.tensor([[0.0, 16, 16, 32]]))
