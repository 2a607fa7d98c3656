# Table 4, row "DCN-DCR V1" (84.0).
_base_ = './faster-rcnn-dcrv1-r50_r101_7e_voc0712.py'

pretrained = 'https://download.pytorch.org/models/resnet152-394f9c45.pth'
model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    detector_checkpoint='work_dirs/faster-rcnn_r101-dcn_7e_voc0712/epoch_7.pth',
    refiner=dict(backbone=dict(depth=152, init_cfg=dict(checkpoint=pretrained))),
)
