# For the authors' released weights, which they report with 43.3 box AP on test-dev.
_base_ = './cpm-rcnn_r50_fpn_2x_coco_released.py'

model = dict(backbone=dict(depth=101))
