# What the D2Dets on COCO share: data, schedule and runtime.
_base_ = [
    'mmdet::_base_/datasets/coco_detection.py',
    './schedules/d2det_2x.py',
    './default_runtime.py',
]
