# Table 7, row "Faster-DCR V2" (34.3).
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/coco_trainval_testdev.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner={{_base_.refiner}},
)
# All annotated images train.
val_cfg = None
