# For the authors' released weights, which they report with 41.4 box AP on val.
_base_ = [
    '../_base_/models/faster-rcnn_r101_fpn_released.py',
    '../_base_/datasets/coco_detection_1280.py',
    '../_base_/schedules/dcrv2_fpn_7e.py',
    '../_base_/default_runtime.py',
]

# Deformable convolutions in the last stage and in the last blocks of the two before it,
# and deformable RoI pooling.
model = dict(
    backbone=dict(
        dcn=dict(type='LegacyDCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
        last_dcn_stages=(1, 2),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            roi_layer=dict(type='LegacyDeformRoIPool', in_channels=256)
        )
    ),
)
