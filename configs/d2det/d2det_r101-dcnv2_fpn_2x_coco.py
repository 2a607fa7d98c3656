# Row "D2Det (ours)" with ResNet101-deform v2 of Table 1: deformable conv in c3 to c5.
_base_ = './d2det_r50_fpn_2x_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
backbone = dict(
    depth=101,
    init_cfg=dict(checkpoint=pretrained),
    dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
    stage_with_dcn=(False, True, True, True),
)
sampling = dict(sampling_ratio=1)  # as released
model = dict(backbone=backbone, roi_head=dict(bbox_roi_extractor=sampling))
