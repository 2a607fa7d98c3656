# Table 7, row "DCN (2fc)" (35.2): the base detector of DCR.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/coco_trainval_testdev.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
]

model = dict(
    backbone=dict(
        dcn=dict(type='DCN', deform_groups=4, fallback_on_stride=False),
        stage_with_dcn=(False, False, False, True),
    ),
)
# All annotated images train.
val_cfg = None
