# The row of Table 1 with CMM alone, on shapes.
_base_ = './cpm-rcnn_r18_fpn_1x_shapes.py'

model = dict(roi_head=dict(iou_head=None, rsm_head=None))
