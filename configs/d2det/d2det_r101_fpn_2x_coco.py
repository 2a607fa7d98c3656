# Row "D2Det (ours) w FPN" of Table 1.
_base_ = './d2det_r50_fpn_2x_coco.py'

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(bbox_roi_extractor=dict(sampling_ratio=1)),  # as released
)
