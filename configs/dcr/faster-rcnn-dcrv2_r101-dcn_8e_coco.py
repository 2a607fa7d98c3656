# Table 6, row "DCN-DCR V2" (37.5).
_base_ = [
    '../baselines/faster-rcnn_r101_8e_coco.py',
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
