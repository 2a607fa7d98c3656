# Table 1e, row "18" (81.4).
_base_ = './faster-rcnn-dcrv1-r50_r101_8e_voc0712.py'

model = dict(
    refiner=dict(
        backbone=dict(
            depth=18,
            init_cfg=dict(
                checkpoint='https://download.pytorch.org/models/resnet18-f37072fd.pth'
            ),
        ),
        in_channels=512,
    )
)
