# D2Det's Table 2, row 1 (38.0): Faster R-CNN with separate fc branches for class and box;
# class weight, thresholds and soft-NMS as in the rows of D2Det.
_base_ = [
    'mmdet::_base_/models/faster-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/d2det_2x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
box_head = dict(
    type='ConvFCBBoxHead',
    num_cls_fcs=2,
    num_reg_fcs=2,
    loss_cls=dict(loss_weight=2.0),
)
soft_nms = dict(type='soft_nms', iou_threshold=0.5)
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(
        bbox_head=box_head, bbox_roi_extractor=dict(roi_layer=dict(sampling_ratio=2))
    ),
    test_cfg=dict(rcnn=dict(score_thr=0.03, nms=soft_nms, max_per_img=125)),
)
