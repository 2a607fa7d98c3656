# For the authors' released weights, which they report with 46.9 box AP on val.
_base_ = [
    '../_base_/models/d2det_r50_fpn_released.py',
    '../_base_/d2det_2x_coco.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
backbone = dict(
    depth=101,
    init_cfg=dict(checkpoint=pretrained),
    dcn=dict(type='DCNv2', deform_groups=1, fallback_on_stride=False),
    stage_with_dcn=(False, True, True, True),
)
rois = dict(sampling_ratio=1, coarse_sampling_ratio=1)
model = dict(backbone=backbone, roi_head=dict(bbox_roi_extractor=rois))
