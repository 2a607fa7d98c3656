# For the authors' released weights, which they report with 39.8 mask AP on val.
_base_ = [
    '../_base_/models/d2det-mask_r101_fpn_released.py',
    'mmdet::_base_/datasets/coco_instance.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]
