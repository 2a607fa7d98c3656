# Table 1f, row "DCN+DCR" (83.2).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    detector_checkpoint='work_dirs/faster-rcnn_r101-dcn_7e_voc0712/epoch_7.pth',
)
