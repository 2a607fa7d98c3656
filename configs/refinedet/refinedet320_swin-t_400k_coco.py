# RefineDet on Swin-T, whose strides are half as large: so are the anchors. Not in the paper.
_base_ = ['../_base_/models/refinedet_r101.py', '../_base_/refinedet320_400k_coco.py']

pretrained = 'https://github.com/SwinTransformer/storage/releases/download/v1.0.0/swin_tiny_patch4_window7_224.pth'
in_channels = [96, 192, 384, 768]
anchors = dict(
    type='AnchorGenerator',
    strides=[4, 8, 16, 32],
    ratios=[0.5, 1.0, 2.0],
    scales=[4],
    center_offset=0.5,
)
model = dict(
    backbone=dict(
        _delete_=True,
        type='SwinTransformer',
        convert_weights=True,
        init_cfg=dict(type='Pretrained', checkpoint=pretrained),
    ),
    neck=dict(in_channels=in_channels),
    arm_head=dict(in_channels=in_channels, anchor_generator=anchors),
    bbox_head=dict(num_classes=80, anchor_generator=anchors),
)
