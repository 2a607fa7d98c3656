# Table 6, row "FPN-DCR V2" (40.3).
_base_ = './faster-rcnn_r101_fpn_7e_coco.py'

model = dict(
    type='SharedBaseDCR',
    roi_head=dict(
        _delete_=True,
        type='DCRRoIHead',
        base={{_base_.model.roi_head}},
        refiner=dict(
            type='RegionRefiner',
            # Stage2 to Stage4, from the same weights, batch norms frozen (sec. 5.1.2).
            tail=dict(
                type='ResNetTail',
                depth=101,
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='https://download.pytorch.org/models/resnet101-63fe2227.pth',
                ),
            ),
            num_classes=80,
            chunk_size=100,
        ),
    ),
)
