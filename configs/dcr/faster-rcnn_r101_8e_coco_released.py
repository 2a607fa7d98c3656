# For the authors' released weights, which they report with 30.0 box AP on val.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc_released.py',
    '../_base_/datasets/coco_detection_1000.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]
