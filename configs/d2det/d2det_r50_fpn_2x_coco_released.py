# For the authors' released weights, which they report with 43.7 box AP on val.
_base_ = [
    '../_base_/models/d2det_r50_fpn_released.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]
