# Table 4, row "Faster (2fc)" (79.8): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/voc0712_once.py',
    '../_base_/schedules/dcrv2_7e.py',
    '../_base_/default_runtime.py',
]

model = dict(roi_head=dict(bbox_head=dict(num_classes=20)))
