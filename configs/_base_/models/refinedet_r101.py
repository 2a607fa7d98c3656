# RefineDet (1711.06897) with ResNet-101.
_base_ = './refinedet_vgg16.py'

in_channels = [512, 1024, 2048, 512]
pretrained = 'https://download.pytorch.org/models/resnet101-63fe2227.pth'
model = dict(
    # Of the pretrained weights.
    data_preprocessor=dict(std=[58.395, 57.12, 57.375]),
    backbone=dict(
        _delete_=True,
        type='RefineDetResNet',
        depth=101,
        init_cfg=dict(type='Pretrained', checkpoint=pretrained),
    ),
    # Batch norm with ResNet as released.
    neck=dict(in_channels=in_channels, norm_cfg=dict(type='BN')),
    arm_head=dict(in_channels=in_channels),
)
