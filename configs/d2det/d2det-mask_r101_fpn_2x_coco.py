# Row "D2Det" of Table 5: 39.8 mask AP on val in the authors' release, 40.2 test-dev.
_base_ = [
    '../_base_/models/d2det-mask_r50_fpn.py',
    'mmdet::_base_/datasets/coco_instance.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)))
