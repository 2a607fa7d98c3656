# Table 4, row "DCN-DCR V2" (84.2).
_base_ = './faster-rcnn-dcrv2_r101_7e_voc0712.py'

model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    )
)
