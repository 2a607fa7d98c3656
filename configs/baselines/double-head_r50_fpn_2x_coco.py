# Plain Double-Head R-CNN, by the classes of MMDetection: twice as long.
_base_ = [
    '../_base_/models/double-head_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_2x.py',
    '../_base_/default_runtime.py',
]
