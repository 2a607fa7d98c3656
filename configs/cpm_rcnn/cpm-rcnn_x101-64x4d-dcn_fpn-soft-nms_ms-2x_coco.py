# Row ++ of Table 6 (49.9 test-dev): soft-NMS and, with `tools/test.py --tta`, multi-scale
# testing of a checkpoint of cpm-rcnn_x101-64x4d-dcn_fpn_ms-2x_coco.py. The paper names
# neither thresholds nor scales: these are D2Det's.
_base_ = [
    '../_base_/models/cpm-rcnn_x101-64x4d_fpn.py',
    '../_base_/cpm-rcnn_2x_coco.py',
    '../_base_/datasets/multi_scale.py',
    '../_base_/tta/soft-nms_640-960.py',
]

dcn = dict(type='DCN', deform_groups=1, fallback_on_stride=False)
backbone = dict(dcn=dcn, stage_with_dcn=(False, True, True, True))
soft_nms = dict(type='soft_nms', iou_threshold=0.5)
scores = dict(nms=dict(type='nms', iou_threshold=0.5), final_nms=soft_nms)
model = dict(backbone=backbone, test_cfg=dict(rcnn=scores))
train_dataloader = dict(dataset=dict(pipeline={{_base_.multi_scale.short_600_800}}))
