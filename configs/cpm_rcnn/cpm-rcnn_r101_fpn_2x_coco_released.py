# For the authors' released weights, which they report with 43.3 box AP on test-dev.
_base_ = [
    '../_base_/models/cpm-rcnn_r50_fpn_released.py',
    '../_base_/cpm-rcnn_2x_coco.py',
]

model = dict(backbone=dict(depth=101))
