# DCR V2 on Double-Head-Ext R-CNN. Not in the paper.
_base_ = '../double_head/dh-ext-faster-rcnn_r50_fpn_2x_coco.py'

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
                depth=50,
                init_cfg=dict(
                    type='Pretrained',
                    checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth',
                ),
            ),
            num_classes=80,
            chunk_size=100,
        ),
    ),
    # Products of two scores are lower than scores.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
