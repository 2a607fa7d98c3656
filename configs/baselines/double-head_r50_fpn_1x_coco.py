# Plain Double-Head R-CNN, by the classes of MMDetection (40.0 AP in its model zoo).
_base_ = [
    '../_base_/models/double-head_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]
