# The refiner of DCR V2 (sec. 4.3 and 5.1.2): Stage2 to Stage4 of ResNet-50, from the same weights as
# the detector's backbone and with its frozen batch norms.
refiner = dict(
    type='RegionRefiner',
    tail=dict(
        type='ResNetTail',
        depth=50,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
        ),
    ),
    chunk_size=100,
)
