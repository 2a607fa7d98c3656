# The refiner of DCR V1 (sec. 4.2 and 5.1.1) with ResNet-50.
refiner = dict(
    type='CropRefiner',
    backbone=dict(
        type='ResNet',
        depth=50,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
        ),
    ),
)
