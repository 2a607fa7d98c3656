# For the authors' released weights, which they report with 34.4 box AP on val.
_base_ = './faster-rcnn_r101_8e_coco_released.py'

# Deformable 3x3 convolutions in the last stage, and deformable RoI pooling.
model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(type='DeformRoIPool', in_channels=256))
    ),
)
