# Table 7, row "FPN-DCN-DCR V2" (43.5).
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_ohem.py',
    '../_base_/datasets/coco_trainval_testdev_1280.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r101.py',
]

model = dict(
    type='SharedBaseDCR',
    refiner={{_base_.refiner}},
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
)
# All annotated images train.
val_cfg = None
