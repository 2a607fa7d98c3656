# For the authors' released weights, which they report with 43.7 box AP on val.
_base_ = [
    '../_base_/models/d2det_r50_fpn_released.py',
    '../_base_/d2det_2x_coco.py',
]
