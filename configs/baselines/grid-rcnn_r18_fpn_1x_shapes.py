# MMDetection's Grid R-CNN as baseline of cpm-rcnn_r18_fpn_1x_shapes.py: same backbone, data
# and budget.
_base_ = [
    '../_base_/models/grid-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]
