# Row ResNeXt-64x4d-101 of Table 6 (43.6 test-dev).
_base_ = './cpm-rcnn_r50_fpn_2x_coco.py'

model = dict(
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=64,
        base_width=4,
        init_cfg=dict(
            checkpoint='https://mmassets.onedl.ai/pretrain/third_party/resnext101_64x4d-ee2c6f71.pth'
        ),
    ),
    # Sec. 4.2: 32 RoIs per image with this backbone, read as those of the grid branch.
    train_cfg=dict(rcnn=dict(max_grid_rois=32)),
)
