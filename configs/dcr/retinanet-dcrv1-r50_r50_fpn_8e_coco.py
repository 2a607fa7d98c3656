# DCR V1 on RetinaNet, whose final detections are refined. Not in the paper.
_base_ = [
    'mmdet::_base_/models/retinanet_r50_fpn.py',
    'mmdet::_base_/datasets/coco_detection.py',
    '../_base_/schedules/dcrv1_8e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r50.py',
]

pretrained = 'https://download.pytorch.org/models/resnet50-0676ba61.pth'
model = dict(
    type='FrozenBaseDCR',
    detector='RetinaNet',
    backbone=dict(init_cfg=dict(checkpoint=pretrained)),
    # Trained by MMDetection's retinanet_r50_fpn_1x_coco.py.
    detector_checkpoint='work_dirs/retinanet_r50_fpn_1x_coco/epoch_12.pth',
    refiner={{_base_.refiner}},
    refine_at='post_nms',
)
