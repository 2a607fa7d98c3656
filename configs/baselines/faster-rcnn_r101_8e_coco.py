# Table 6, row "Faster (2fc)" (30.0): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]
