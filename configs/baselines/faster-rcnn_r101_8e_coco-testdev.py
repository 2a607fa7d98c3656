# Table 7, row "Faster (2fc)" (30.5): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/coco_trainval_testdev.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]

# All annotated images train.
val_cfg = None
