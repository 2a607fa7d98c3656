# Table 6, row "FPN-DCN-DCR V2" (42.8).
_base_ = [
    '../baselines/faster-rcnn_r101_fpn_8e_coco.py',
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
