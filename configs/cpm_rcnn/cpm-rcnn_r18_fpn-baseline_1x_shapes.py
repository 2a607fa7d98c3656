# The row of Table 1 with no module, on shapes.
_base_ = [
    '../_base_/models/cpm-rcnn_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

model = dict(roi_head=dict(num_stages=1, iou_head=None, rsm_head=None))
