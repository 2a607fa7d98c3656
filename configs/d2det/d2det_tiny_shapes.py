# D2Det of 1.2 M parameters, shipped with its weights: two thirds to half the width
# of d2det_r18_fpn_1x_shapes.py.
_base_ = [
    '../_base_/models/d2det_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

width = 32
model = dict(
    backbone=dict(base_channels=16),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=width),
    rpn_head=dict(in_channels=width, feat_channels=width),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width, offset_channels=64),
        bbox_head=dict(in_channels=width, conv_out_channels=48, fc_out_channels=128),
        reg_roi_extractor=dict(out_channels=width),
        reg_head=dict(
            in_channels=width,
            conv_channels=48,
            norm_cfg=dict(type='GN', num_groups=12),
        ),
    ),
)
