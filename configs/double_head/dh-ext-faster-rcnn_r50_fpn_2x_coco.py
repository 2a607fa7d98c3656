# Double-Head-Ext R-CNN, sec. 4: twice as long.
_base_ = [
    '../_base_/models/double-head-ext_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_2x.py',
    '../_base_/default_runtime.py',
]
