# For the authors' released weights, which they report with 41.9 box AP on val.
_base_ = [
    '../_base_/models/double-head-ext_r50_fpn_released.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

model = dict(backbone=dict(depth=101))
