# The refiner of DCR V2 (sec. 4.3 and 5.1.2): Stage2 to Stage4 of ResNet-50, from the same weights as
# the detector's backbone, and with frozen batch norms, of which sec. 4.5.1 says it for V1.
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
