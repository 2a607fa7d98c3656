# Table 6, row "FPN" (38.2): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_detection_1280.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]
