# The baseline of d2det_r18_fpn_1x_shapes.py: same backbone, data and budget.
_base_ = [
    '../_base_/models/faster-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]
