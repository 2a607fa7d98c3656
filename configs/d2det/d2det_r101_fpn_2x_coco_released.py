# For the authors' released weights, which they report with 44.9 box AP on val.
_base_ = './d2det_r50_fpn_2x_coco_released.py'

model = dict(
    backbone=dict(
        depth=101,
        init_cfg=dict(
            checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth'
        ),
    ),
    roi_head=dict(bbox_roi_extractor=dict(sampling_ratio=1, coarse_sampling_ratio=1)),
)
