# Row ResNeXt-64x4d-101-DCN of Table 6 (46.4 test-dev).
_base_ = './cpm-rcnn_x101-64x4d_fpn_2x_coco.py'

model = dict(
    backbone=dict(
        # The paper does not say which stages: as MMDetection's DCN models.
        dcn=dict(type='DCN', deform_groups=1, fallback_on_stride=False),
        stage_with_dcn=(False, True, True, True),
    )
)
