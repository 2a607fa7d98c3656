# The refiner of DCR V1 (sec. 4.2 and 5.1.1) with ResNet-152.
refiner = dict(
    type='CropRefiner',
    backbone=dict(
        type='ResNet',
        depth=152,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/resnet152-394f9c45.pth',
        ),
    ),
)
