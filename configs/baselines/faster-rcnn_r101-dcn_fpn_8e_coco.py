# Table 6, row "FPN-DCN" (41.4): the base detector of DCR.
_base_ = './faster-rcnn_r101_fpn_8e_coco.py'

# Deformable ConvNets v1: the 3x3 convolutions of the last stage, four groups of offsets.
model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    )
)
