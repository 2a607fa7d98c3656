# CPM R-CNN of 1.4 M parameters, shipped with its weights: two thirds to half the width
# of cpm-rcnn_r18_fpn_1x_shapes.py.
_base_ = [
    '../_base_/models/cpm-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

width = 32
model = dict(
    backbone=dict(base_channels=16),
    neck=dict(in_channels=[16, 32, 64, 128], out_channels=width),
    rpn_head=dict(in_channels=width, feat_channels=width),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width),
        bbox_head=dict(in_channels=width, conv_out_channels=48, fc_out_channels=128),
        grid_roi_extractor=dict(out_channels=width),
        grid_head=dict(in_channels=width, point_channels=4),
        iou_head=dict(in_channels=36, fc_out_channels=64),
        rsm_head=dict(in_channels=width, conv_out_channels=24, fc_out_channels=96),
    ),
)
