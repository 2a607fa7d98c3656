# DCR V2 on Cascade R-CNN. Not in the paper.
_base_ = [
    'mmdet::_base_/models/cascade-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r50.py',
]

model = dict(
    type='SharedBaseDCR',
    backbone=dict(
        init_cfg=dict(
            checkpoint='https://download.pytorch.org/models/resnet50-0676ba61.pth'
        )
    ),
    refiner={{_base_.refiner}},
    # Products of two scores are lower than scores.
    test_cfg=dict(rcnn=dict(score_thr=0.001)),
)
