# For the authors' released weights, which they report with 46.4 box AP on test-dev.
_base_ = [
    '../_base_/models/cpm-rcnn_r50_fpn_released.py',
    '../_base_/cpm-rcnn_2x_coco.py',
]

model = dict(
    backbone=dict(
        type='ResNeXt',
        depth=101,
        groups=64,
        base_width=4,
        # With this backbone the stride is in the 3x3 convolution.
        style='pytorch',
        dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, True, True, True),
    ),
    train_cfg=dict(rcnn=dict(max_grid_rois=32)),
)
