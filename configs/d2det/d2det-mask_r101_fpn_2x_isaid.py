# Table 6: 37.5 mask AP on the iSAID test set.
_base_ = [
    '../_base_/models/d2det-mask_r50_fpn.py',
    '../_base_/datasets/isaid_tiles.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    backbone=dict(depth=101, init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(bbox_head=dict(num_classes=15), mask_head=dict(num_classes=15)),
)
