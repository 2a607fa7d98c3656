# For the authors' released weights, which they report with 39.8 mask AP on val.
_base_ = [
    '../_base_/models/d2det_r50_fpn_released.py',
    'mmdet::_base_/datasets/coco_instance.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
rois = dict(sampling_ratio=1, coarse_sampling_ratio=1)
mask_head = dict(
    type='D2DetMaskHead',
    in_channels=576,
    num_classes=80,
    upsample_bias=True,
    score_pool_padding=1,
)
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        bbox_roi_extractor=rois, mask_roi_extractor=None, mask_head=mask_head
    ),
    test_cfg=dict(rpn=dict(max_per_img=700), rcnn={{_base_.mask_test_cfg}}),
)
