# The row of Table 1 with no module, on shapes.
_base_ = './cpm-rcnn_r18_fpn_1x_shapes.py'

model = dict(roi_head=dict(num_stages=1, iou_head=None, rsm_head=None))
