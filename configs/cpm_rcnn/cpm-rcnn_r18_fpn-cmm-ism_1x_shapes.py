# The row of Table 1 with CMM and ISM, on shapes.
_base_ = './cpm-rcnn_r18_fpn_1x_shapes.py'

model = dict(roi_head=dict(rsm_head=None))
