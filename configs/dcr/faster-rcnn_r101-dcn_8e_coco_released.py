# For the authors' released weights, which they report with 34.4 box AP on val.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc_released.py',
    '../_base_/datasets/coco_detection_1000.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]

# Deformable 3x3 convolutions in the last stage, and deformable RoI pooling.
model = dict(
    backbone=dict(
        dcn=dict(type='LegacyDCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
    roi_head=dict(
        bbox_roi_extractor=dict(
            roi_layer=dict(type='LegacyDeformRoIPool', in_channels=256)
        )
    ),
)
