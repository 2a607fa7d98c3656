# For the authors' released weights, which they report with 41.4 box AP on val.
_base_ = './faster-rcnn_r101_fpn_7e_coco_released.py'

# Deformable convolutions in the last stage and in the last blocks of the two before it,
# and deformable RoI pooling.
model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
        last_dcn_stages=(1, 2),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(roi_layer=dict(type='DeformRoIPool', in_channels=256))
    ),
)
