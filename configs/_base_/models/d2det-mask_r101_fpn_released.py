# D2Det for boxes and masks as the authors' release computes it.
_base_ = './d2det_r50_fpn_released.py'

model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(
            checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth'
        ),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(sampling_ratio=1, coarse_sampling_ratio=1),
        mask_roi_extractor=None,
        mask_head=dict(
            type='D2DetMaskHead',
            in_channels=576,
            num_classes=80,
            upsample_bias=True,
            score_pool_padding=1,
        ),
    ),
    test_cfg=dict(
        rpn=dict(max_per_img=700),
        rcnn=dict(
            _delete_=True,
            score_thr=0.05,
            nms=dict(type='nms', iou_threshold=0.3),
            max_per_img=100,
            final_nms=None,
            mask_thr_binary=0.5,
        ),
    ),
)
