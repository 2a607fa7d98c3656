# The row of Table 1 with CMM alone, on shapes.
_base_ = [
    '../_base_/models/cpm-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

model = dict(roi_head=dict(iou_head=None, rsm_head=None))
