# Row "D2Det*" of Table 1: multi-scale training and, with `tools/test.py --tta`,
# multi-scale testing. The paper names no scales: these are mmdet's usual ones.
_base_ = [
    './d2det_r50_fpn_2x_coco.py',
    '../_base_/datasets/multi_scale.py',
    '../_base_/tta/soft-nms_640-960.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
dcn = dict(type='DCNv2', deform_groups=1, fallback_on_stride=False)
stages = (False, True, True, True)
model = dict(
    backbone=dict(
        dcn=dcn, depth=101, stage_with_dcn=stages, init_cfg=dict(checkpoint=pretrained)
    ),
    roi_head=dict(bbox_roi_extractor=dict(sampling_ratio=1)),
)
train_dataloader = dict(dataset=dict(pipeline={{_base_.multi_scale.short_480_960}}))
