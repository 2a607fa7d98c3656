# Double-Head's comparison of head structures, row Double-FC: a fc-head of its own for each task,
# smooth L1 as in the others.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        bbox_head=dict(
            type='ConvFCBBoxHead',
            num_cls_fcs=2,
            num_reg_fcs=2,
            loss_bbox=dict(_delete_=True, type='SmoothL1Loss', beta=1.0),
        )
    ),
)
