# The baseline of d2det-mask_r18_fpn_1x_shapes.py: same backbone, data and budget.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/datasets/shapes_instance.py',
    '../_base_/schedules/shapes_1x.py',
    '../_base_/shapes_runtime.py',
]

width = {{_base_.width}}
model = dict(
    type='MaskRCNN',
    roi_head=dict(
        mask_roi_extractor=dict(
            type='SingleRoIExtractor',
            roi_layer=dict(type='RoIAlign', output_size=14, sampling_ratio=2),
            out_channels=width,
            featmap_strides=[4, 8, 16, 32],
            finest_scale={{_base_.finest_scale}},
        ),
        mask_head=dict(
            type='FCNMaskHead',
            num_convs=4,
            in_channels=width,
            conv_out_channels=72,
            norm_cfg=dict(type='GN', num_groups=12),
            num_classes={{_base_.num_classes}},
        ),
    ),
    train_cfg=dict(rcnn=dict(mask_size=28)),
    test_cfg=dict(rcnn=dict(mask_thr_binary=0.5)),
)
