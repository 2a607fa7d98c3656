# Cascade R-CNN with discriminative RoI pooling of D2Det in each stage. Not in the paper.
_base_ = [
    'mmdet::_base_/models/cascade-rcnn_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    'mmdet::_base_/schedules/schedule_1x.py',
    '../_base_/default_runtime.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
rois = dict(
    _delete_=True,
    type='DiscriminativeRoIExtractor',
    out_channels=256,
    featmap_strides=[4, 8, 16, 32],
)
model = dict(
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    roi_head=dict(bbox_roi_extractor=rois),
)
