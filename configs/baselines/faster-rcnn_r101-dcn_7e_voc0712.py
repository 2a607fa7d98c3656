# Table 4, row "DCN (2fc)" (81.4): the base detector of DCR.
_base_ = './faster-rcnn_r101_7e_voc0712.py'

# Deformable ConvNets v1: the 3x3 convolutions of the last stage, four groups of offsets.
model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    )
)
