# Double-Head-Ext R-CNN of 1.2 M parameters, shipped with its weights: narrower than
# dh-ext-faster-rcnn_r18_fpn_1x_shapes.py.
_base_ = [
    '../_base_/models/double-head-ext_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

width = 32
model = dict(
    backbone=dict(base_channels=16),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=width),
    rpn_head=dict(in_channels=width, feat_channels=width),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width),
        bbox_head=dict(in_channels=width, fc_out_channels=128, conv_out_channels=64),
    ),
)
