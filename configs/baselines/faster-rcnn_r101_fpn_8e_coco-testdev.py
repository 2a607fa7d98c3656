# Table 7, row "FPN" (38.8): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_trainval_testdev_1280.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]

# All annotated images train.
val_cfg = None
