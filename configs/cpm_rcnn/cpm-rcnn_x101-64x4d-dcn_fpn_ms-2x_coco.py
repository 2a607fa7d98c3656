# Row + of Table 6 (47.4 test-dev): shorter sides of 600 to 800 in training (sec. 4.2).
_base_ = [
    '../_base_/models/cpm-rcnn_x101-64x4d_fpn.py',
    '../_base_/cpm-rcnn_2x_coco.py',
    '../_base_/datasets/multi_scale.py',
]

dcn = dict(type='DCN', deform_groups=1, fallback_on_stride=False)
backbone = dict(dcn=dcn, stage_with_dcn=(False, True, True, True))
model = dict(backbone=backbone)
train_dataloader = dict(dataset=dict(pipeline={{_base_.multi_scale.short_600_800}}))
