# CPM R-CNN with ResNeXt-101 64x4d.
_base_ = './cpm-rcnn_r50_fpn.py'

pretrained = (
    'https://mmassets.onedl.ai/pretrain/third_party/resnext101_64x4d-ee2c6f71.pth'
)
model = dict(
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=64,
        base_width=4,
        init_cfg=dict(checkpoint=pretrained),
    ),
    # Sec. 4.2: 32 RoIs per image with this backbone, read as those of the grid branch.
    train_cfg=dict(rcnn=dict(max_grid_rois=32)),
)
