# Table 6, row "FPN-DCN-DCR V1" (42.6).
_base_ = './faster-rcnn-dcrv1-r152_r101_fpn_8e_coco.py'

model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    detector_checkpoint='work_dirs/faster-rcnn_r101-dcn_fpn_8e_coco/epoch_8.pth',
)
