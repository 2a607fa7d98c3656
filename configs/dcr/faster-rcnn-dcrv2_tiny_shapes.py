# FPN with DCR V2 of 1.5 M parameters, shipped with its weights: narrower than
# faster-rcnn-dcrv2_r18_fpn_1x_shapes.py.
_base_ = [
    '../_base_/models/faster-rcnn-dcrv2_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

width = 32
model = dict(
    backbone=dict(base_channels=14),
    neck=dict(in_channels=[14, 28, 56, 112], out_channels=width),
    rpn_head=dict(in_channels=width, feat_channels=width),
    roi_head=dict(
        bbox_roi_extractor=dict(out_channels=width),
        bbox_head=dict(in_channels=width, conv_out_channels=48, fc_out_channels=128),
    ),
    refiner=dict(tail=dict(base_channels=14)),
)
