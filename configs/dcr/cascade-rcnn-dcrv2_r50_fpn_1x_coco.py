# DCR V2 on Cascade R-CNN. Not in the paper.
_base_ = [
    'mmdet::_base_/models/cascade-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

model = dict(
    type='SharedBaseDCR',
    backbone=dict(
        init_cfg=dict(
            checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth'
        )
    ),
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
