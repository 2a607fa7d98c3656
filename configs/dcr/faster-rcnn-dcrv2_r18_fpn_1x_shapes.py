# A small FPN with DCR V2 for the shapes data, trained end to end from scratch. The baseline is
# configs/baselines/faster-rcnn_r18_fpn_1x_shapes.py: same backbone, data and epochs.
_base_ = [
    '../_base_/models/faster-rcnn-dcrv2_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]
