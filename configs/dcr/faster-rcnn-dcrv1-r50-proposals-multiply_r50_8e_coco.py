# Table 3b, row "Faster + RCNN" (28.4): test a checkpoint of ...-proposals_r50_8e_coco.py.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r50_rcnn.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    backbone=dict(depth=50, init_cfg=dict(checkpoint=pretrained)),
    detector_checkpoint='work_dirs/faster-rcnn_r50_8e_coco/epoch_8.pth',
    refiner={{_base_.refiner}},
)
