# Table 3, row "DCR V2" (31.4).
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/dcrv2_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/region_r50.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    type='SharedBaseDCR',
    backbone=dict(depth=50, init_cfg=dict(checkpoint=pretrained)),
    refiner={{_base_.refiner}},
)
