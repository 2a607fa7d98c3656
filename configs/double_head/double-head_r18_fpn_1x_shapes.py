# dh-ext-faster-rcnn_r18_fpn_1x_shapes.py without what Ext adds: each head keeps the task
# it focuses on.
_base_ = [
    '../_base_/models/double-head-ext_r18_fpn_shapes.py',
    '../_base_/shapes_detection_1x.py',
]

model = dict(roi_head=dict(bbox_head=dict(lambda_fc=1.0, lambda_conv=1.0, fusion='fc')))
