# Row ResNeXt-64x4d-101 of Table 6 (43.6 test-dev).
_base_ = [
    '../_base_/models/cpm-rcnn_x101-64x4d_fpn.py',
    '../_base_/cpm-rcnn_2x_coco.py',
]
