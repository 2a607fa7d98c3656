# The refiner of DCR V2 (sec. 4.3 and 5.1.2): Stage2 to Stage4 of ResNet-101, from the same weights as
# the detector's backbone, and with frozen batch norms, of which sec. 4.5.1 says it for V1.
refiner = dict(
    type='RegionRefiner',
    tail=dict(
        type='ResNetTail',
        depth=101,
        init_cfg=dict(
            type='Pretrained',
            checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth',
        ),
    ),
    chunk_size=100,
)
