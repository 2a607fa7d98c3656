# The row of Table 1 with CMM and RSM, on shapes.
_base_ = './cpm-rcnn_r18_fpn_1x_shapes.py'

model = dict(roi_head=dict(iou_head=None))
