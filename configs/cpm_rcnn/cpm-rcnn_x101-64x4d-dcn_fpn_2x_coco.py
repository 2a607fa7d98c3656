# Row ResNeXt-64x4d-101-DCN of Table 6 (46.4 test-dev).
_base_ = [
    '../_base_/models/cpm-rcnn_x101-64x4d_fpn.py',
    '../_base_/cpm-rcnn_2x_coco.py',
]

# The paper does not say which stages: as MMDetection's DCN models.
dcn = dict(type='DCN', deform_groups=1, fallback_on_stride=False)
backbone = dict(dcn=dcn, stage_with_dcn=(False, True, True, True))
model = dict(backbone=backbone)
