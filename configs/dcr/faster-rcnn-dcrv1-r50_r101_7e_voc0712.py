# Tables 1a to 1f, the default (82.3): ResNet-50 on Faster R-CNN with ResNet-101.
_base_ = [
    '../_base_/models/faster-rcnn_r101_2fc.py',
    '../_base_/datasets/voc0712_once.py',
    '../_base_/schedules/dcrv1_7e.py',
    '../_base_/default_runtime.py',
    '../_base_/refiners/crop_r50.py',
]

model = dict(
    type='FrozenBaseDCR',
    detector='FasterRCNN',
    detector_checkpoint='work_dirs/faster-rcnn_r101_7e_voc0712/epoch_7.pth',
    refiner={{_base_.refiner}},
    roi_head=dict(bbox_head=dict(num_classes=20)),
)
